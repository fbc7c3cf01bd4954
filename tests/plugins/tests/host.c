/* A program that loads a library with memprof in it, unloads it, and goes on. Arguments: the library, and what to do. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

typedef void (*work_fn)(unsigned);
typedef int (*start_fn)(void);

static const char *file, *mode;
static void *library;
static work_fn work, work_at_end, thread_of_library;
static start_fn start;
static pthread_barrier_t barrier;

static int has(const char *word) { return strstr(mode, word) != NULL; }

static void *find(const char *name) {
    void *found = dlsym(library, name);
    if (!found) { fprintf(stderr, "%s\n", dlerror()); _exit(99); }
    return found;
}

static void load(void) {
    library = has("dlmopen") ? dlmopen(LM_ID_NEWLM, file, RTLD_NOW) : dlopen(file, RTLD_NOW);
    if (!library) { fprintf(stderr, "%s\n", dlerror()); _exit(98); }
    work = (work_fn)find("plugin_work");
    work_at_end = (work_fn)find("plugin_work_at_end");
    thread_of_library = (work_fn)find("plugin_thread");
    start = (start_fn)find("plugin_start");
}

static void unload(void) {
    if (dlclose(library)) { fprintf(stderr, "%s\n", dlerror()); _exit(97); }
}

static work_fn second_work;

static int freed;
static void free_it(void *block) { __atomic_add_fetch(&freed, 1, __ATOMIC_SEQ_CST); free(block); }
static pthread_key_t own_key;

static void *body(void *unused) {
    (void)unused;
    if (has("value")) pthread_setspecific(own_key, malloc(10));
    work(1000);
    if (second_work) second_work(1000);
    if (has("destructor")) work_at_end(100);
    pthread_barrier_wait(&barrier); /* All have worked. */
    pthread_barrier_wait(&barrier); /* The library is unloaded. */
    return NULL;
}

/* In a destructor of the program's own, when the library was unloaded long ago. */
static void late_work(void *unused) { (void)unused; work(100); }

static void *late_body(void *key) {
    pthread_setspecific(*(pthread_key_t *)key, (void *)1);
    return body(NULL);
}

static void *loads_and_unloads(void *unused) {
    (void)unused;
    for (int i = 0; i < 200; i++) {
        void *own = dlopen(file, RTLD_NOW);
        if (!own) _exit(98);
        work_fn its = (work_fn)dlsym(own, "plugin_work");
        its(10);
        dlclose(own);
    }
    return NULL;
}

static void say_bye(void) { if (write(1, "bye\n", 4) != 4) _exit(96); }

int main(int argc, char **argv) {
    if (argc != 3) return 100;
    file = argv[1], mode = argv[2];
    atexit(say_bye);
    pthread_t threads[8];
    if (has("keys")) {
        pthread_key_t key;
        while (!pthread_key_create(&key, NULL)) {}
    }
    if (has("value")) pthread_key_create(&own_key, free_it);
    if (has("together")) {
        for (int i = 0; i < 8; i++) pthread_create(&threads[i], NULL, loads_and_unloads, NULL);
        for (int i = 0; i < 8; i++) pthread_join(threads[i], NULL);
        return 5;
    }
    load();
    if (has("second")) { /* A copy of the file is another library, with a memprof of its own. */
        void *second = dlopen(getenv("SECOND"), RTLD_NOW | RTLD_LOCAL);
        if (!second) { fprintf(stderr, "%s\n", dlerror()); _exit(98); }
        second_work = (work_fn)dlsym(second, "plugin_work");
        second_work(10);
        if (has("profile") && ((start_fn)dlsym(second, "plugin_start"))()) return 105;
        dlclose(second);
    }
    if (has("deleted") && unlink(file)) return 106;
    if (has("again")) { unload(); load(); load(); unload(); }
    if (has("profile") && start()) return 101;
    pthread_barrier_init(&barrier, NULL, 9);
    pthread_key_t late;
    if (has("late") && pthread_key_create(&late, late_work)) return 102;
    for (int i = 0; i < 8; i++) pthread_create(&threads[i], NULL, has("late") ? late_body : body, &late);
    pthread_barrier_wait(&barrier);
    if (has("own thread")) thread_of_library(100);
    if (has("running")) usleep(1100 * 1000);
    unload();
    if (has("running")) usleep(1100 * 1000);
    pthread_barrier_wait(&barrier);
    for (int i = 0; i < 8; i++) pthread_join(threads[i], NULL);
    if (has("value") && freed != 8) return 103;
    if (has("fork")) {
        int status;
        pid_t child = fork();
        if (!child) exit(6);
        if (waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 6) return 104;
    }
    if (has("own thread")) usleep(150 * 1000);
    if (has("signal")) { kill(getpid(), SIGTERM); sleep(30); }
    if (has("abort")) abort();
    return 5;
}
