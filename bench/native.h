/* What the two C programs of the benchmark share: flags, the clock, and writing to a socket. */
#ifndef FOXWIRE_BENCH_NATIVE_H
#define FOXWIRE_BENCH_NATIVE_H

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_SECOND 1000000000ull
/* A server's messageData: opcode u8, subscription id u32, log time u64, then the payload. */
#define MESSAGE_HEADER 13

static _Noreturn void die(const char *format, ...) {
  va_list args;
  va_start(args, format);
  vfprintf(stderr, format, args);
  va_end(args);
  fputc('\n', stderr);
  exit(1);
}

/* The value behind a flag `--name value`. */
static const char *flag(char **argv, const char *name, const char *otherwise) {
  for (char **arg = argv + 1; *arg != NULL; arg++) {
    if (strcmp(*arg, name) == 0 && arg[1] != NULL) return arg[1];
  }
  return otherwise;
}

static double number(char **argv, const char *name, double otherwise) {
  const char *text = flag(argv, name, NULL);
  return text == NULL ? otherwise : atof(text);
}

/* CLOCK_MONOTONIC, the clock of the time stamps inside the payloads. */
static uint64_t now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * NS_PER_SECOND + (uint64_t)time.tv_nsec;
}

/* Writes everything to a blocking socket; false when the peer has gone. */
static bool write_all(int fd, const void *bytes, size_t length) {
  const uint8_t *next = bytes;
  while (length > 0) {
    ssize_t written = write(fd, next, length);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    next += written;
    length -= (size_t)written;
  }
  return true;
}

/* Reads an HTTP head, up to its empty line and not a byte further; returns its length, 0 when the peer has gone. */
static size_t read_head(int fd, char *head, size_t capacity) {
  size_t length = 0;
  while (length + 1 < capacity) {
    if (read(fd, head + length, 1) != 1) return 0;
    head[++length] = '\0';
    if (length >= 4 && strcmp(head + length - 4, "\r\n\r\n") == 0) return length;
  }
  return 0;
}

/* Copies the value of an HTTP header; false when the head has none of that name. */
static bool header_value(const char *head, const char *name, char *value, size_t capacity) {
  size_t name_length = strlen(name);
  for (const char *line = strstr(head, "\r\n"); line != NULL; line = strstr(line, "\r\n")) {
    line += 2;
    if (strncasecmp(line, name, name_length) != 0 || line[name_length] != ':') continue;
    const char *start = line + name_length + 1;
    start += strspn(start, " \t");
    size_t length = strcspn(start, "\r\n");
    if (length >= capacity) return false;
    memcpy(value, start, length);
    value[length] = '\0';
    return true;
  }
  return false;
}

#endif
