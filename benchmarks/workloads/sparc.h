// SPDX-License-Identifier: Apache-2.0
// The C library's part that the workloads use, for SPARC V8 under Linux: Debian's own is
// V8+ code, which a sun4m kernel refuses. Numbers: Linux's user-space ABI of sparc.
#ifndef SPARC_H
#define SPARC_H

typedef int pid_t;

enum { O_RDONLY = 0, O_RDWR = 2, SEEK_SET = 0 };
enum { PROT_READ = 1, PROT_WRITE = 2, PROT_EXEC = 4, MAP_PRIVATE = 2, MAP_ANONYMOUS = 0x20 };
enum { SIGUSR1 = 30, CLOCK_MONOTONIC = 1, BLKFLSBUF = 0x20001261 };
enum { RB_AUTOBOOT = 0x01234567, RB_POWER_OFF = 0x4321fedc };
#define MAP_FAILED ((void *)-1)

struct timespec {
    int32_t tv_sec, tv_nsec;
};

void *memcpy(void *to, const void *from, size_t size);
void *memset(void *to, int value, size_t size);
int memcmp(const void *a, const void *b, size_t size);
size_t strlen(const char *text);
int strcmp(const char *a, const char *b);

int read(int file, void *data, size_t size);
int write(int file, const void *data, size_t size);
int open(const char *path, int flags);
int close(int file);
int lseek(int file, int offset, int whence);
int fsync(int file);
int ioctl(int file, unsigned request, int argument);
int pipe(int files[2]);
pid_t fork(void);
int execve(const char *path, char *const words[], char *const environment[]);
pid_t waitpid(pid_t child, int *status, int options);
pid_t getpid(void);
pid_t getppid(void);
int kill(pid_t process, int number);
void signal(int number, void (*handler)(int));
void *mmap(void *at, size_t size, int protection, int flags, int file, int offset);
int munmap(void *at, size_t size);
int mount(const char *source, const char *on, const char *type, unsigned flags, const void *);
int reboot(unsigned how);
int clock_gettime(int clock, struct timespec *now);
void _exit(int status) __attribute__((noreturn));

#endif
