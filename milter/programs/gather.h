/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gather: the figures of all parts for whoever asks at the address of the option "metrics".
 */
#ifndef WAYBILLD_GATHER_H
#define WAYBILLD_GATHER_H

#include "waybill/log.h"
#include "waybill/metrics.h"

struct service;

struct gather {
    struct metrics_server *server; /* NULL: none is asked for, or the address cannot be had yet */
    struct log_trouble trouble;
};

/* Serve the metrics, if they are not served yet and are to be. An address that cannot be had is
 * told, and tried again with the next call: mails do not need it. Service's thread. */
void gather_look_after(struct service *service);
/* No part is asked any more when this returns: before one of them ends. Service's thread. */
void gather_stop(struct service *service);

#endif
