// SPDX-License-Identifier: Apache-2.0
// What the workloads use of a C library: the cross compiler's, where there is one for the
// guest, else ours (sparc.c).
#ifndef GUEST_H
#define GUEST_H

#include <stddef.h>
#include <stdint.h>

#ifdef __sparc__
#include "sparc.h"
#else
#define GUEST_THREADS
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#endif

extern char *program; // the file that runs

#endif
