// The module that the tests of the backend wasm run: its first argument says what it does.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;
static volatile unsigned sink;

static int fail(const char *what, const char *path) {
    fprintf(stderr, "%s %s: %s\n", what, path, strerror(errno));
    return 1;
}

static int list(const char *path) {
    DIR *folder = opendir(path);
    if (folder == NULL) return fail("list", path);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
        if (entry->d_name[0] != '.') puts(entry->d_name);
    closedir(folder);
    return 0;
}

static int copy(int file) {
    char bytes[4096];
    for (ssize_t count; (count = read(file, bytes, sizeof bytes)) > 0;)
        if (write(1, bytes, (size_t)count) != count) return 1;
    return 0;
}

static int show(const char *path) {
    int file = open(path, O_RDONLY);
    return file < 0 ? fail("read", path) : copy(file);
}

static int put(const char *path, const char *text) {
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (file < 0) return fail("write", path);
    return write(file, text, strlen(text)) == (ssize_t)strlen(text) ? 0 : 1;
}

/// Fills memory until no more is given.
static int hog(void) {
    for (int mebibytes = 0;; mebibytes++) {
        char *volatile piece = malloc(1 << 20);
        if (piece == NULL) {
            printf("refused after %d MiB\n", mebibytes);
            return 3;
        }
        memset(piece, 1, 1 << 20);
    }
}

static int flood(long mebibytes) {
    static char bytes[1 << 20];
    memset(bytes, 'x', sizeof bytes);
    for (long index = 0; index < mebibytes; index++)
        for (size_t done = 0; done < sizeof bytes;) {
            ssize_t count = write(1, bytes + done, sizeof bytes - done);
            if (count < 0) return fail("write", "standard output");
            done += (size_t)count;
        }
    return 0;
}

static int is(const char *word, const char *text) { return strcmp(word, text) == 0; }

int main(int count, char **texts) {
    const char *what = count > 1 ? texts[1] : "hello", *first = count > 2 ? texts[2] : "", *second = count > 3 ? texts[3] : "";
    if (is(what, "hello")) return puts("hello") < 0;
    if (is(what, "arguments")) {
        for (int index = 0; index < count; index++) printf("[%s]\n", texts[index]);
        return 0;
    }
    if (is(what, "environment")) {
        for (char **entry = environ; *entry != NULL; entry++) puts(*entry);
        return 0;
    }
    if (is(what, "echo")) return copy(0);
    if (is(what, "say")) return fputs(first, stdout) < 0 || fputs(second, stderr) < 0;
    if (is(what, "exit")) exit(atoi(first));
    if (is(what, "abort")) abort();
    if (is(what, "beyond")) return *(volatile int *)0xfffffff0u;
    if (is(what, "spin")) {
        write(1, "ready\n", 6);
        for (;;) sink++;
    }
    if (is(what, "hog")) return hog();
    if (is(what, "flood")) return flood(atol(first));
    if (is(what, "list")) return list(first);
    if (is(what, "read")) return show(first);
    if (is(what, "write")) return put(first, second);
    if (is(what, "link")) return symlink(first, second) == 0 ? 0 : fail("link", second);
    if (is(what, "move")) return rename(first, second) == 0 ? 0 : fail("move", first);
    fprintf(stderr, "unknown: %s\n", what);
    return 2;
}
