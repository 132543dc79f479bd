/* The host's disk on the bench: counts what is flushed, and has bad spots on demand. These
 * stand before the C library's functions. SPDX-License-Identifier: Apache-2.0
 */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static unsigned flushes;
static _Atomic off_t bad_start, bad_end;   /* bytes of every file */

unsigned bench_flushes(void)
{
    return __atomic_load_n(&flushes, __ATOMIC_SEQ_CST);
}

void bench_bad_spot(uint64_t start, uint64_t end)
{
    bad_start = (off_t)start;
    bad_end = (off_t)end;
}

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

/* While it is held, images are neither read nor written: who tries waits. */
void bench_hold_disk(int held)
{
    if (held)
        pthread_mutex_lock(&gate);
    else
        pthread_mutex_unlock(&gate);
}

static void pass_gate(void)
{
    pthread_mutex_lock(&gate);
    pthread_mutex_unlock(&gate);
}

int fdatasync(int fd)
{
    __atomic_fetch_add(&flushes, 1, __ATOMIC_SEQ_CST);
    if (bad_end == INT64_MAX) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_fdatasync, fd);
}

static int is_bad(const struct iovec *iov, int count, off_t offset)
{
    off_t end = offset;
    pass_gate();
    for (int i = 0; i < count; i++)
        end += (off_t)iov[i].iov_len;
    errno = EIO;
    return offset < bad_end && end > bad_start;
}

ssize_t preadv(int fd, const struct iovec *iov, int count, off_t offset)
{
    return is_bad(iov, count, offset)
        ? -1 : syscall(SYS_preadv, fd, iov, count, offset, 0);
}

ssize_t pwritev(int fd, const struct iovec *iov, int count, off_t offset)
{
    return is_bad(iov, count, offset)
        ? -1 : syscall(SYS_pwritev, fd, iov, count, offset, 0);
}
