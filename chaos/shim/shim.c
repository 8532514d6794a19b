/*
 * Loaded with LD_PRELOAD into the process under test. CHAOS_SHIM names a file of eight 64-bit words that the run
 * writes to at any moment and that is mapped here, so that a fault begins and ends without a restart.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum {
  SYNC_ERROR_AT, /* n > 0: the n-th sync from now on fails with EIO */
  KILL_BEFORE,   /* n > 0: the process ends by SIGKILL before the n-th sync */
  KILL_AFTER,    /* n > 0: … after the n-th sync */
  CLOCK_MS,      /* added to the wall clock */
  LIE,           /* not 0: writes to spool segments are acknowledged and not made */
  SYNCS,         /* counted here: syncs seen */
  FAULTS,        /* counted here: syncs failed and writes not made */
  WORDS = 8
};

static int64_t nothing[WORDS];
static int64_t *control = nothing;

__attribute__((constructor)) static void begin(void) {
  const char *path = getenv("CHAOS_SHIM");
  int fd = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0) return;
  void *at = mmap(NULL, sizeof nothing, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  if (at != MAP_FAILED) control = at;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

/* 1 when this call is the n-th: several threads may sync at once. */
static int is_due(int word) {
  if (__atomic_load_n(&control[word], __ATOMIC_SEQ_CST) <= 0) return 0;
  return __atomic_sub_fetch(&control[word], 1, __ATOMIC_SEQ_CST) == 0;
}

static int sync_with(int (*real)(int), int fd) {
  __atomic_add_fetch(&control[SYNCS], 1, __ATOMIC_SEQ_CST);
  if (is_due(KILL_BEFORE)) raise(SIGKILL);
  if (is_due(SYNC_ERROR_AT)) {
    __atomic_add_fetch(&control[FAULTS], 1, __ATOMIC_SEQ_CST);
    errno = EIO;
    return -1;
  }
  int result = real(fd);
  if (is_due(KILL_AFTER)) raise(SIGKILL);
  return result;
}

int fsync(int fd) { return sync_with(REAL(fsync), fd); }
int fdatasync(int fd) { return sync_with(REAL(fdatasync), fd); }

static int is_lie(int fd) {
  if (__atomic_load_n(&control[LIE], __ATOMIC_SEQ_CST) == 0) return 0;
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 6 || memcmp(path + length - 6, ".spool", 6) != 0) return 0;
  __atomic_add_fetch(&control[FAULTS], 1, __ATOMIC_SEQ_CST);
  return 1;
}

ssize_t write(int fd, const void *bytes, size_t count) {
  return is_lie(fd) ? (ssize_t)count : REAL(write)(fd, bytes, count);
}
ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) {
  return is_lie(fd) ? (ssize_t)count : REAL(pwrite)(fd, bytes, count, at);
}
ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) {
  return is_lie(fd) ? (ssize_t)count : REAL(pwrite64)(fd, bytes, count, at);
}

static int is_wall(clockid_t id) { return id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE; }

int clock_gettime(clockid_t id, struct timespec *now) {
  int result = REAL(clock_gettime)(id, now);
  int64_t ms = control[CLOCK_MS];
  if (result == 0 && ms != 0 && is_wall(id)) now->tv_sec += ms / 1000;
  return result;
}
int gettimeofday(struct timeval *restrict now, void *restrict zone) {
  int result = REAL(gettimeofday)(now, zone);
  if (result == 0) now->tv_sec += control[CLOCK_MS] / 1000;
  return result;
}
time_t time(time_t *at) {
  time_t now = REAL(time)(NULL) + control[CLOCK_MS] / 1000;
  if (at != NULL) *at = now;
  return now;
}
