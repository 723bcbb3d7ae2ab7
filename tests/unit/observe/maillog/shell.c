/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * shell: see shell.h. The command runs in a process of its own, so the test's folder of work and
 * its descriptors stay as they are.
 */
#include "shell.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

char shell_folder[64];

void shell_open(void)
{
    snprintf(shell_folder, sizeof shell_folder, "/tmp/waybill-maillog-XXXXXX");
    assert_non_null(mkdtemp(shell_folder));
}

void shell_close(void)
{
    shell_run("rm -rf \"$PWD\"");
}

void shell_run(const char *command)
{
    int status;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (chdir(shell_folder) == 0)
            execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    if (status != 0)
        fail_msg("%s", command);
}
