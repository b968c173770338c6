// What a power cut would leave of a directory, kept while the program runs (LD_PRELOAD): a file has
// the content of its last fsync, a directory the names of its own last fsync, and nothing else has
// happened. Written by the program's own calls of fsync() and fdatasync() only, so that whatever it
// forgets to sync is lost; power.py makes a directory of it again.
//
// POWER_CUT_DATA  the directory; what is in it when the service starts is on the disk already
// POWER_CUT_KEPT  where it is kept, outside of POWER_CUT_DATA:
//   f-ID  content of the file ID;  d-ID  "TYPE MODE UID GID ID NAME\0" for each name in directory ID
//   o-ID  the content before that, written over with what has changed to be the next
//
// The agents that a service starts are watched too: POWER_CUT_JOINS tells them not to begin anew.
//
// An ID is inode and time of birth: inodes are used again.

#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static char data[PATH_MAX], kept[PATH_MAX];
static int (*real_fsync)(int), (*real_fdatasync)(int);
static ssize_t (*real_pwrite64)(int, const void*, size_t, off64_t);
static int (*real_execve)(const char*, char* const[], char* const[]);
static char* for_agents[5];  // variables

static void check(int ok, const char* what) {
  if (ok) return;
  perror(what);
  abort();
}

static int look_at(int at, const char* name, struct statx* st) {
  return statx(at, name, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS | STATX_BTIME, st);
}

static void write_id(char* out, size_t size, const struct statx* st) {
  snprintf(out, size, "%llu.%lld.%u", (unsigned long long)st->stx_ino,
           (long long)st->stx_btime.tv_sec, st->stx_btime.tv_nsec);
}

// For power.py: the ID of a path; 0 if there is one.
int power_cut_id(const char* path, char* out, size_t size) {
  struct statx st;
  if (look_at(AT_FDCWD, path, &st) != 0) return -1;
  write_id(out, size, &st);
  return 0;
}

// What was written to the database's log since it was kept last, and between that and the time
// before. It is synced at each commit, which adds a few pages to its 16 MiB.
static struct {
  ino_t file;
  int times;  // that it was kept by this process
  struct span {
    off_t from, to;
  } last, before;
} log_written;

static struct span all_of(struct span a, struct span b) {
  if (a.to == 0 || b.to == 0) return a.to == 0 ? b : a;
  return (struct span){a.from < b.from ? a.from : b.from, a.to > b.to ? a.to : b.to};
}

ssize_t pwrite64(int fd, const void* bytes, size_t size, off64_t at) {
  struct stat st;
  if (log_written.file != 0 && fstat(fd, &st) == 0 && st.st_ino == log_written.file)
    log_written.last = all_of(log_written.last, (struct span){at, at + (off_t)size});
  return real_pwrite64(fd, bytes, size, at);
}

// Where `to`, kept the time before last, may differ from the file.
static struct span changed(const struct statx* st, const char* path) {
  const struct span all = {0, (off_t)st->stx_size};
  const size_t n = strlen(path);
  if (n < 4 || strcmp(path + n - 4, "-wal") != 0) return all;
  if (log_written.file != st->stx_ino) log_written.times = 0;
  log_written.file = st->stx_ino;
  const struct span out =
      log_written.times++ < 2 ? all : all_of(log_written.last, log_written.before);
  log_written.before = log_written.last;
  log_written.last = (struct span){0, 0};
  return out;
}

// `to` has an older content of the file, or none.
static void keep_content(int fd, int to, struct span what) {
  static char content[1 << 18];  // one at a time: lock()
  for (off_t at = what.from; at < what.to;) {
    const off_t left = what.to - at;
    const ssize_t n =
        pread(fd, content, left < (off_t)sizeof content ? (size_t)left : sizeof content, at);
    check(n >= 0, "power_cut: read");
    if (n == 0) break;
    check(real_pwrite64(to, content, (size_t)n, at) == n, "power_cut: copy");
    at += n;
  }
}

static void keep_names(int fd, int to) {
  FILE* out = fdopen(dup(to), "w");
  DIR* dir = fdopendir(dup(fd));
  check(out && dir, "power_cut: list");
  for (const struct dirent* entry; (entry = readdir(dir)) != NULL;) {
    struct statx st;
    char id[64];
    if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
    if (look_at(fd, entry->d_name, &st) != 0) continue;  // gone in the meantime
    const char type = S_ISDIR(st.stx_mode) ? 'd' : S_ISREG(st.stx_mode) ? 'f' : '?';
    if (type == '?') continue;
    write_id(id, sizeof id, &st);
    fprintf(out, "%c %o %u %u %s %s%c", type, st.stx_mode & 07777, st.stx_uid, st.stx_gid, id,
            entry->d_name, 0);
  }
  closedir(dir);
  check(fclose(out) == 0, "power_cut: write names");
}

// Keeps the state of one file or directory; whole, or not at all. `name`: what it is called, or "".
static void keep(int fd, const char* name) {
  struct statx st;
  char id[64], beside[PATH_MAX + 80], path[PATH_MAX + 80], self[64];
  check(look_at(fd, "", &st) == 0, "power_cut: stat");
  write_id(id, sizeof id, &st);
  const int is_directory = S_ISDIR(st.stx_mode);
  snprintf(beside, sizeof beside, "%s/o-%s", kept, id);
  snprintf(path, sizeof path, "%s/%c-%s", kept, is_directory ? 'd' : 'f', id);
  snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
  const int from = open(self, O_RDONLY | O_CLOEXEC);  // `fd` may be open for writing only
  const int to = open(beside, O_RDWR | O_CREAT | (is_directory ? O_TRUNC : 0) | O_CLOEXEC, 0600);
  check(from >= 0 && to >= 0, "power_cut: open");
  if (is_directory)
    keep_names(from, to);
  else
    keep_content(from, to, changed(&st, name));
  check(is_directory || ftruncate(to, (off_t)st.stx_size) == 0, "power_cut: truncate");
  close(from);
  close(to);
  if (renameat2(AT_FDCWD, beside, AT_FDCWD, path, RENAME_EXCHANGE) != 0)  // the first of it
    check(errno == ENOENT && rename(beside, path) == 0, "power_cut: rename");
}

static int is_in_data(const char* path) {
  const size_t n = strlen(data);
  return n > 0 && strncmp(path, data, n) == 0 && (path[n] == '/' || path[n] == 0);
}

// One thread of one process at a time: an older state must not take the place of a newer one.
static int lock(void) {
  const int fd = open(kept, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  check(fd >= 0 && flock(fd, LOCK_EX) == 0, "power_cut: lock");
  return fd;
}

static int sync_and_keep(int fd, int (*real)(int)) {
  const int outcome = real(fd);
  char self[64], path[PATH_MAX];
  snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
  const ssize_t n = readlink(self, path, sizeof path - 1);
  if (outcome != 0 || n < 0) return outcome;
  path[n] = 0;
  struct stat st;
  if (!is_in_data(path) || fstat(fd, &st) != 0) return outcome;
  if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) return outcome;
  const int locked = lock();
  keep(fd, path);
  close(locked);
  return outcome;
}

int fsync(int fd) {
  return sync_and_keep(fd, real_fsync);
}

int fdatasync(int fd) {
  return sync_and_keep(fd, real_fdatasync);
}

// An agent's environment is its own; after fork() nothing may be allocated here.
int execve(const char* program, char* const arguments[], char* const environment[]) {
  char* both[64];
  size_t n = 0;
  if (!arguments[0] || !arguments[1] || !arguments[2] || strcmp(arguments[1], "agent") != 0 ||
      strcmp(arguments[2], "--spec") != 0)
    return real_execve(program, arguments, environment);
  for (; *environment && n < 58; ++environment)
    both[n++] = *environment;
  for (char** variable = for_agents; *variable; ++variable)
    both[n++] = *variable;
  both[n] = NULL;
  return real_execve(program, arguments, both);
}

static void keep_tree(int fd) {
  keep(fd, "");
  DIR* dir = fdopendir(fd);
  check(dir != NULL, "power_cut: list");
  for (const struct dirent* entry; (entry = readdir(dir)) != NULL;) {
    struct stat st;
    if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
    if (fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) continue;
    const int child = openat(fd, entry->d_name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    check(child >= 0, "power_cut: open");
    if (S_ISDIR(st.st_mode)) {
      keep_tree(child);
    } else {
      keep(child, "");
      close(child);
    }
  }
  closedir(dir);
}

static char* variable(const char* name, const char* value) {
  char* text = NULL;
  check(asprintf(&text, "%s=%s", name, value) > 0, "power_cut: asprintf");
  return text;
}

__attribute__((constructor)) static void begin(void) {
  real_fsync = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
  real_fdatasync = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
  real_pwrite64 =
      (ssize_t (*)(int, const void*, size_t, off64_t))dlsym(RTLD_NEXT, "pwrite64");
  real_execve =
      (int (*)(const char*, char* const[], char* const[]))dlsym(RTLD_NEXT, "execve");
  if (!getenv("POWER_CUT_DATA") || !getenv("POWER_CUT_KEPT") || !getenv("LD_PRELOAD")) return;
  snprintf(data, sizeof data, "%s", getenv("POWER_CUT_DATA"));
  snprintf(kept, sizeof kept, "%s", getenv("POWER_CUT_KEPT"));
  if (getenv("POWER_CUT_JOINS")) return;
  for_agents[0] = variable("LD_PRELOAD", getenv("LD_PRELOAD"));
  for_agents[1] = variable("POWER_CUT_DATA", data);
  for_agents[2] = variable("POWER_CUT_KEPT", kept);
  for_agents[3] = variable("POWER_CUT_JOINS", "yes");
  const int root = open(data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (root < 0) return;
  const int locked = lock();  // agents of an earlier service may be at it
  keep_tree(root);
  close(locked);
}
