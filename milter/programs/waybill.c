/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * waybill: the command for those who ask where a mail is.
 */
#include "waybill/cli.h"

int main(int argc, char **argv)
{
    return cli_main(argc, argv);
}
