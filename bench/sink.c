/*
 * The one client of the benchmark: subscribes to a topic on N connections, counts what comes over a window of time,
 * and prints two lines of JSON, one when the window is over and one at the end. It has to cost far less than any
 * server: see README.md for how that is shown.
 *
 *   sink --port N [--clients 1] [--topic /t] [--protocols a,b,…] [--warmup 0.5] [--seconds 2] [--pid N] [--latency 1]
 *        [--all 1]
 *
 * --pid: the server's process, whose CPU time over the window is reported. --latency: payloads start with
 * CLOCK_MONOTONIC in nanoseconds. --all: goes on reading after the window until the server closes, so that `total` in
 * the second line can be compared with what the server says it published.
 */
#define _GNU_SOURCE
#include "native.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#define BUFFER_BYTES (256 * 1024)
/* All of a message that the sink looks at: its header and the time stamp. */
#define PREFIX_BYTES (MESSAGE_HEADER + 8)
#define MAX_SAMPLES (16u << 20)
#define SILENCE_NS (15 * NS_PER_SECOND)
/* The example of RFC 6455, whose answer is known without SHA-1. */
#define KEY "dGhlIHNhbXBsZSBub25jZQ=="
#define ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

enum opcode { CONTINUATION = 0, TEXT = 1, BINARY = 2, CLOSE = 8, PING = 9 };

struct connection {
  int fd;
  bool subscribed, closed;
  uint32_t subscription;
  /* Bytes received and not yet parsed. */
  uint8_t *buffer;
  size_t length;
  /* The frame that is being read, and the message it belongs to. */
  uint64_t frame_left;
  bool last_frame, in_message;
  uint8_t opcode;
  uint8_t prefix[PREFIX_BYTES];
  uint64_t message_length;
  char *text;
};

struct figures {
  uint64_t time, messages, bytes, reads;
  double sink_cpu, server_cpu;
};

static const char *topic, *protocols;
static long server_pid;
static bool with_latency;
static char protocol[128];
static char last_status[512];
static uint64_t statuses, arrival, first_data;
static struct figures now_figures;
static uint32_t *samples;
static size_t sample_count;
static bool measuring;

/* ---- Sending: clients mask; a mask of zeros leaves the bytes as they are. ---- */

static void send_frame(struct connection *c, uint8_t opcode, const void *payload, size_t length) {
  uint8_t frame[4096] = {0x80 | opcode};
  size_t header = length < 126 ? 6 : 8;
  if (header + length > sizeof frame) die("Cannot send %zu bytes: too many for a sink", length);
  frame[1] = 0x80 | (length < 126 ? (uint8_t)length : 126);
  if (length >= 126) frame[2] = (uint8_t)(length >> 8), frame[3] = (uint8_t)length;
  memcpy(frame + header, payload, length);
  if (!write_all(c->fd, frame, header + length)) c->closed = true;
}

static void subscribe(struct connection *c, uint64_t channel) {
  char text[128];
  const char *format = "{\"op\":\"subscribe\",\"subscriptions\":[{\"id\":%u,\"channelId\":%llu}]}";
  int length = snprintf(text, sizeof text, format, c->subscription, (unsigned long long)channel);
  send_frame(c, TEXT, text, (size_t)length);
  c->subscribed = true;
}

/* ---- Text messages: just enough JSON to find a channel by its topic. ---- */

struct string {
  const char *start;
  size_t length;
};

static bool equals(struct string s, const char *text) {
  return s.length == strlen(text) && memcmp(s.start, text, s.length) == 0;
}

static struct string read_string(const char **next) {
  struct string s = {++*next, 0};
  while (**next != '"' && **next != '\0') *next += **next == '\\' && (*next)[1] != '\0' ? 2 : 1;
  s.length = (size_t)(*next - s.start);
  if (**next == '"') ++*next;
  return s;
}

/* The members `id` and `topic` of objects in the top object's arrays, and the top object's `op`. */
static void handle_text(struct connection *c, const char *text) {
  struct string key = {"", 0}, op = {"", 0}, found = {"", 0};
  long long id = -1;
  int depth = 0;
  for (const char *next = text; *next != '\0';) {
    if (*next == '"') {
      struct string s = read_string(&next);
      if (*next == ':') key = s;
      else if (depth == 1 && equals(key, "op")) op = s;
      else if (depth == 3 && equals(key, "topic")) found = s;
      continue;
    }
    if (depth == 3 && *next == ':' && equals(key, "id")) id = atoll(next + 1);
    if (*next == '{' || *next == '[') depth++;
    if (*next == '}' && depth == 3) {
      if (!c->subscribed && equals(op, "advertise") && equals(found, topic)) subscribe(c, (uint64_t)id);
      found.length = 0;
    }
    if (*next == '}' || *next == ']') depth--;
    next++;
  }
  if (!equals(op, "status")) return;
  statuses++;
  /* Cut JSON would be no JSON. */
  const char *status = strlen(text) < sizeof last_status ? text : "\"too long to show\"";
  strcpy(last_status, status);
}

/* ---- Frames ---- */

static void count_message(struct connection *c, const uint8_t *message, uint64_t length) {
  uint32_t subscription;
  memcpy(&subscription, message + 1, sizeof subscription);
  if (length < MESSAGE_HEADER || message[0] != 1 || subscription != c->subscription) return;
  if (first_data == 0) first_data = arrival;
  now_figures.messages++;
  now_figures.bytes += length - MESSAGE_HEADER;
  if (!with_latency || !measuring || length < PREFIX_BYTES || sample_count == MAX_SAMPLES) return;
  uint64_t sent;
  memcpy(&sent, message + MESSAGE_HEADER, sizeof sent);
  samples[sample_count++] = arrival - sent < UINT32_MAX ? (uint32_t)(arrival - sent) : UINT32_MAX;
}

static void end_message(struct connection *c) {
  if (c->opcode == BINARY) count_message(c, c->prefix, c->message_length);
  if (c->opcode == TEXT) {
    c->text[c->message_length] = '\0';
    handle_text(c, c->text);
  }
  c->in_message = false;
}

static void begin_frame(struct connection *c, uint8_t first, uint64_t length) {
  uint8_t opcode = first & 15;
  if ((opcode == CONTINUATION) != c->in_message) die("Server broke the order of frames");
  if (opcode != CONTINUATION) c->opcode = opcode, c->message_length = 0;
  c->in_message = true;
  c->last_frame = first & 0x80;
  c->frame_left = length;
  if (c->opcode == TEXT) c->text = realloc(c->text, c->message_length + length + 1);
}

static void take_payload(struct connection *c, const uint8_t *bytes, size_t length) {
  if (c->opcode == TEXT) memcpy(c->text + c->message_length, bytes, length);
  if (c->message_length < PREFIX_BYTES) {
    size_t wanted = PREFIX_BYTES - c->message_length;
    memcpy(c->prefix + c->message_length, bytes, length < wanted ? length : wanted);
  }
  c->message_length += length;
  c->frame_left -= length;
}

static void handle_control(struct connection *c, uint8_t opcode, const uint8_t *payload, size_t length) {
  if (opcode == PING) send_frame(c, 10, payload, length);
  if (opcode != CLOSE) return;
  send_frame(c, CLOSE, payload, length < 2 ? 0 : 2);
  c->closed = true;
}

/* Bytes of a frame's header, 0 when not all of it is there. */
static size_t read_header(const uint8_t *bytes, size_t have, uint64_t *length) {
  if (have < 2) return 0;
  *length = bytes[1] & 127;
  if (bytes[1] & 0x80) die("Server masked a frame");
  size_t extended = *length == 126 ? 2 : *length == 127 ? 8 : 0;
  if (have < 2 + extended) return 0;
  if (extended > 0) *length = 0;
  for (size_t i = 0; i < extended; i++) *length = *length << 8 | bytes[2 + i];
  return 2 + extended;
}

/* Takes what comes next, a piece of a payload or a whole frame. Returns its bytes, 0 when more have to come first. */
static size_t parse_next(struct connection *c, const uint8_t *next, size_t have) {
  if (c->frame_left > 0) {
    size_t piece = have < c->frame_left ? have : (size_t)c->frame_left;
    take_payload(c, next, piece);
    if (c->frame_left == 0 && c->last_frame) end_message(c);
    return piece;
  }
  uint64_t length;
  size_t header = read_header(next, have, &length);
  if (header == 0) return 0;
  bool whole = have - header >= length;
  if (next[0] == (0x80 | BINARY) && whole && length >= MESSAGE_HEADER && !c->in_message) {
    count_message(c, next + header, length);
    return header + length;
  }
  if (next[0] & 8) {
    if (whole) handle_control(c, next[0] & 15, next + header, (size_t)length);
    return whole ? header + length : 0;
  }
  begin_frame(c, next[0], length);
  if (length == 0 && c->last_frame) end_message(c);
  return header;
}

static void parse(struct connection *c) {
  const uint8_t *next = c->buffer, *end = c->buffer + c->length;
  for (size_t taken = 1; taken > 0 && next < end && !c->closed; next += taken) {
    taken = parse_next(c, next, (size_t)(end - next));
  }
  c->length = (size_t)(end - next);
  memmove(c->buffer, next, c->length);
}

static void receive(struct connection *c) {
  ssize_t got = recv(c->fd, c->buffer + c->length, BUFFER_BYTES - c->length, 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) {
    c->closed = true;
    return;
  }
  arrival = now_ns();
  now_figures.reads++;
  c->length += (size_t)got;
  parse(c);
}

/* ---- Connecting ---- */

static int open_socket(int port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
  if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) die("Cannot connect to port %d", port);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

static void shake_hands(int fd, int port) {
  char request[1024], head[4096], accept[64];
  const char *format = "GET / HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                       "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " KEY "\r\nSec-WebSocket-Protocol: %s\r\n\r\n";
  int length = snprintf(request, sizeof request, format, port, protocols);
  if (!write_all(fd, request, (size_t)length)) die("Server hung up");
  if (read_head(fd, head, sizeof head) == 0) die("Server hung up during the handshake");
  if (strncmp(head, "HTTP/1.1 101", 12) != 0) die("Server refused the handshake: %.*s", (int)strcspn(head, "\r"), head);
  if (!header_value(head, "Sec-WebSocket-Accept", accept, sizeof accept) || strcmp(accept, ACCEPT) != 0) {
    die("Server answered the key wrongly");
  }
  if (!header_value(head, "Sec-WebSocket-Protocol", protocol, sizeof protocol)) die("Server chose no subprotocol");
}

static void open_connection(struct connection *c, uint32_t index, int port) {
  c->fd = open_socket(port);
  c->subscription = index + 1;
  c->buffer = malloc(BUFFER_BYTES);
  struct timeval handshake_limit = {.tv_sec = 10}, turn = {.tv_usec = 50000};
  setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &handshake_limit, sizeof handshake_limit);
  shake_hands(c->fd, port);
  /* From now on a quiet server must not keep the window from ending on time. */
  setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &turn, sizeof turn);
}

/* ---- Reading from one connection, by a plain recv, or from many, by epoll ---- */

static int poller;

static void watch(struct connection *connections, int count) {
  poller = count == 1 ? -1 : epoll_create1(0);
  for (int i = 0; i < count && poller >= 0; i++) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &connections[i]};
    epoll_ctl(poller, EPOLL_CTL_ADD, connections[i].fd, &event);
  }
}

/* Returns how many connections ended. */
static int read_some(struct connection *connections) {
  struct epoll_event events[256];
  int ready = 1, ended = 0;
  if (poller >= 0) ready = epoll_wait(poller, events, 256, 50);
  for (int i = 0; i < ready; i++) {
    struct connection *c = poller >= 0 ? events[i].data.ptr : connections;
    receive(c);
    if (!c->closed) continue;
    close(c->fd);
    ended++;
  }
  return ended;
}

/* ---- Figures ---- */

/* CPU seconds, user and system, of all threads of the server so far; 0 without --pid. */
static double server_cpu(void) {
  char path[64], line[1024];
  if (server_pid == 0) return 0;
  snprintf(path, sizeof path, "/proc/%ld/stat", server_pid);
  FILE *file = fopen(path, "r");
  if (file == NULL) die("Cannot read %s", path);
  size_t length = fread(line, 1, sizeof line - 1, file);
  fclose(file);
  line[length] = '\0';
  unsigned long user, system;
  /* The program's name, in parentheses, may contain spaces: count fields from its end. */
  const char *rest = strrchr(line, ')');
  if (rest == NULL || sscanf(rest + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system) != 2) {
    die("Cannot understand %s", path);
  }
  return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

static struct figures snapshot(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  struct figures figures = now_figures;
  figures.time = now_ns();
  figures.sink_cpu = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                     (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
  figures.server_cpu = server_cpu();
  return figures;
}

static int by_value(const void *a, const void *b) {
  uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
  return (left > right) - (left < right);
}

/* The smallest sample that `share` of all samples do not exceed, in microseconds. */
static double percentile(double share) {
  size_t rank = (size_t)(share * (double)sample_count + 0.999999);
  return (double)samples[rank == 0 ? 0 : rank - 1] / 1e3;
}

static void print_latency(void) {
  if (sample_count == 0) return;
  qsort(samples, sample_count, sizeof *samples, by_value);
  printf(",\"latencyUs\":{\"samples\":%zu,\"p50\":%.1f,\"p99\":%.1f,\"p999\":%.1f,\"max\":%.1f}", sample_count,
         percentile(0.5), percentile(0.99), percentile(0.999), percentile(1));
}

static void print_window(int clients, struct figures start, struct figures end) {
  printf("{\"protocol\":\"%s\",\"clients\":%d,\"seconds\":%.6f", protocol, clients,
         (double)(end.time - start.time) / 1e9);
  printf(",\"messages\":%llu,\"bytes\":%llu,\"reads\":%llu", (unsigned long long)(end.messages - start.messages),
         (unsigned long long)(end.bytes - start.bytes), (unsigned long long)(end.reads - start.reads));
  printf(",\"sinkCpuSeconds\":%.4f,\"serverCpuSeconds\":%.4f", end.sink_cpu - start.sink_cpu,
         end.server_cpu - start.server_cpu);
  print_latency();
  printf("}\n");
  fflush(stdout);
}

static void print_totals(void) {
  printf("{\"total\":%llu,\"statuses\":%llu", (unsigned long long)now_figures.messages, (unsigned long long)statuses);
  if (statuses > 0) printf(",\"lastStatus\":%s", last_status);
  printf("}\n");
}

/* Reads until the window is over; until all connections have ended, with `all`. */
static void run(struct connection *connections, int clients, uint64_t warmup, uint64_t window, bool all) {
  struct figures start = {0};
  bool is_over = false;
  arrival = now_ns();
  for (int open = clients; open > 0 && !(is_over && !all);) {
    open -= read_some(connections);
    uint64_t now = now_ns();
    if (now - arrival > SILENCE_NS) die("Nothing came for %llu s", SILENCE_NS / NS_PER_SECOND);
    if (first_data == 0 || is_over) continue;
    if (!measuring && now - first_data >= warmup) {
      start = snapshot();
      measuring = true;
    } else if (measuring && now - start.time >= window) {
      print_window(clients, start, snapshot());
      measuring = false;
      is_over = true;
    }
  }
  if (!is_over) die("Server closed the connection before the window was over");
}

int main(int argc, char **argv) {
  (void)argc;
  int port = (int)number(argv, "--port", 8765), clients = (int)number(argv, "--clients", 1);
  uint64_t warmup = (uint64_t)(number(argv, "--warmup", 0.5) * 1e9);
  uint64_t window = (uint64_t)(number(argv, "--seconds", 2) * 1e9);
  topic = flag(argv, "--topic", "/t");
  protocols = flag(argv, "--protocols", "foxglove.sdk.v1.1, foxglove.sdk.v1, foxglove.websocket.v1");
  server_pid = (long)number(argv, "--pid", 0);
  with_latency = number(argv, "--latency", 0) != 0;
  if (with_latency) samples = malloc(MAX_SAMPLES * sizeof *samples);

  struct connection *connections = calloc((size_t)clients, sizeof *connections);
  for (int i = 0; i < clients; i++) open_connection(&connections[i], (uint32_t)i, port);
  watch(connections, clients);
  run(connections, clients, warmup, window, number(argv, "--all", 0) != 0);
  print_totals();
  return 0;
}
