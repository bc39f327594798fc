/*
 * Drives the engine from C, and prints what it says; tests/c.rs knows what that has to be.
 *
 * malloc and its kind are this program's own. They give from a fixed array, and count what is asked
 * for by a thread that is inside of a call of the engine: ENGINE(...) marks those.
 */
#define _GNU_SOURCE

#include "deadheat.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* ---- An allocator that counts ----------------------------------------------------------- */

static _Alignas(64) unsigned char heap[64 << 20];
static atomic_size_t heap_used;
static _Thread_local int inside;
static atomic_int mallocs_inside;

/* Each block is preceded by its size. */
static void *give(size_t size, size_t align) {
    if (inside)
        atomic_fetch_add(&mallocs_inside, 1);
    if (align < 16)
        align = 16;
    if (size > sizeof heap || align > sizeof heap)
        return NULL;
    size_t room = (size + 15) / 16 * 16 + 16 + align;
    size_t start = atomic_fetch_add(&heap_used, room);
    if (start + room > sizeof heap)
        return NULL;
    uintptr_t first = (uintptr_t)heap + start + 16;
    unsigned char *block = heap + (first + align - 1) / align * align - (uintptr_t)heap;
    memcpy(block - 16, &size, sizeof size);
    return block;
}

void *malloc(size_t size) { return give(size, 16); }
void free(void *block) { (void)block; }
void *calloc(size_t count, size_t size) {
    /* Nothing is given twice, so it is zero. */
    return size != 0 && count > SIZE_MAX / size ? NULL : give(count * size, 16);
}
void *realloc(void *block, size_t size) {
    void *new = give(size, 16);
    if (new != NULL && block != NULL) {
        size_t old;
        memcpy(&old, (unsigned char *)block - 16, sizeof old);
        memcpy(new, block, old < size ? old : size);
    }
    return new;
}
void *aligned_alloc(size_t align, size_t size) { return give(size, align); }
void *memalign(size_t align, size_t size);
void *memalign(size_t align, size_t size) { return give(size, align); }
int posix_memalign(void **place, size_t align, size_t size) {
    *place = give(size, align);
    return *place == NULL ? 12 : 0;
}

#define ENGINE(call) (inside++, (call), inside--)

/* ---- A source of the program's own ------------------------------------------------------ */

static atomic_size_t mapped, unmapped, discarded;

static uint8_t *map(size_t bytes) {
    void *start = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (start == MAP_FAILED)
        return NULL;
    atomic_fetch_add(&mapped, bytes);
    return start;
}

static void unmap(uint8_t *start, size_t bytes) {
    atomic_fetch_add(&unmapped, bytes);
    munmap(start, bytes);
}

static void discard(uint8_t *start, size_t bytes) {
    atomic_fetch_add(&discarded, bytes);
    memset(start, 0, bytes);
}

static void relax(void) { sched_yield(); }

static const dh_source source = {map, unmap, discard, relax};

/* A source that has a fixed amount. */
static _Alignas(4096) uint8_t arena[1 << 20];
static atomic_size_t arena_used;

static uint8_t *arena_map(size_t bytes) {
    size_t room = (bytes + 4095) / 4096 * 4096;
    size_t start = atomic_load(&arena_used);
    if (room > sizeof arena || start > sizeof arena - room)
        return NULL;
    atomic_store(&arena_used, start + room);
    return arena + start;
}

static void arena_unmap(uint8_t *start, size_t bytes) {
    (void)start;
    size_t room = (bytes + 4095) / 4096 * 4096;
    atomic_fetch_sub(&arena_used, room);
}

/* ---- What is found ---------------------------------------------------------------------- */

enum { MAX_RACES = 64 };

typedef struct found {
    dh_engine *engine;
    int count;
    dh_race races[MAX_RACES];
    uintptr_t sites[MAX_RACES][4];
    size_t depths[MAX_RACES];
} found;

static void on_race(void *context, const dh_race *race) {
    found *into = context;
    if (into->count < MAX_RACES) {
        int i = into->count;
        into->races[i] = *race;
        into->depths[i] = dh_context_frames(into->engine, race->previous_node, into->sites[i], 4);
    }
    into->count++;
}

static _Alignas(64) unsigned char memory[4096];

static const char *kind_name(dh_kind kind) {
    return kind == DH_READ           ? "read"
           : kind == DH_WRITE        ? "write"
           : kind == DH_ATOMIC_READ  ? "atomic read"
           : kind == DH_ATOMIC_WRITE ? "atomic write"
                                     : "?";
}

/* Prints what was found since the last time, with addresses relative to `memory`. */
static void tell(const char *title, found *found) {
    printf("%s: %d\n", title, found->count);
    for (int i = 0; i < found->count && i < MAX_RACES; i++) {
        const dh_race *race = &found->races[i];
        printf("  bytes %d+%d, earlier %s by %d, stack", (int)(race->address - (uintptr_t)memory),
               (int)race->size, kind_name(race->previous_kind), (int)race->previous_label);
        for (size_t frame = 0; frame < found->depths[i] && frame < 4; frame++)
            printf(" %#x", (unsigned)found->sites[i][frame]);
        printf("%s\n", race->dependent ? ", dependent" : "");
    }
    found->count = 0;
}

#define CHECK(what)                                                                                \
    do {                                                                                           \
        if (!(what)) {                                                                             \
            printf("%s:%d: not so: %s\n", __FILE__, __LINE__, #what);                              \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

/* ---- Two threads' states, in one thread ------------------------------------------------- */

typedef struct pair {
    dh_engine *engine;
    dh_thread main, a, b;
    found found;
} pair;

static void begin(pair *p, const dh_limits *limits) {
    memset(p, 0, sizeof *p);
    bool begun = false;
    ENGINE(p->engine = dh_engine_new(&source, limits));
    CHECK(p->engine != NULL);
    p->found.engine = p->engine;
    /* What is inside of dh_engine_new is not held against the engine. */
    printf("mallocs of a new engine: %d\n", atomic_exchange(&mallocs_inside, 0));
    ENGINE(begun = dh_thread_first(p->engine, &p->main, 10));
    CHECK(begun);
    ENGINE(begun = dh_thread_fork(&p->main, &p->a, 11));
    CHECK(begun);
    ENGINE(begun = dh_thread_fork(&p->main, &p->b, 12));
    CHECK(begun);
}

static void end(pair *p) {
    ENGINE(dh_thread_end(&p->a));
    ENGINE(dh_thread_end(&p->b));
    ENGINE(dh_thread_end(&p->main));
    ENGINE(dh_engine_free(p->engine));
    printf("mallocs since: %d\n", atomic_exchange(&mallocs_inside, 0));
    CHECK(atomic_load(&mapped) > 0);
    CHECK(atomic_load(&mapped) == atomic_load(&unmapped));
}

static void put(pair *p, dh_thread *thread, size_t at, size_t size, uintptr_t site) {
    ENGINE(dh_write(thread, memory + at, size, site, on_race, &p->found));
}

static void get(pair *p, dh_thread *thread, size_t at, size_t size, uintptr_t site) {
    ENGINE(dh_read(thread, memory + at, size, site, on_race, &p->found));
}

/* Everything that happened is known to both again, and `memory` is as new. */
static void settle(pair *p) {
    dh_thread *all[] = {&p->a, &p->b, &p->a, &p->b};
    for (int i = 0; i < 4; i++)
        ENGINE(dh_release_acquire(all[i], 1));
    ENGINE(dh_forget(p->engine, 1));
    ENGINE(dh_reset(p->engine, memory, sizeof memory));
}

/* What an atomic operation is given: whom to tell of races has to come first. */
typedef struct step {
    found found;
    unsigned char *word;
    dh_ordering ordering;
    dh_ordering on_failure;
    uint32_t expected, value;
    int calls;
} step;

static dh_effect load(void *context) {
    step *s = context;
    s->calls++;
    memcpy(&s->value, s->word, sizeof s->value);
    return (dh_effect){DH_LOADED, s->ordering};
}

static dh_effect store(void *context) {
    step *s = context;
    s->calls++;
    memcpy(s->word, &s->value, sizeof s->value);
    return (dh_effect){DH_STORED, s->ordering};
}

static dh_effect compare_exchange(void *context) {
    step *s = context;
    s->calls++;
    uint32_t seen;
    memcpy(&seen, s->word, sizeof seen);
    if (seen != s->expected)
        return (dh_effect){DH_LOADED, s->on_failure};
    memcpy(s->word, &s->value, sizeof s->value);
    return (dh_effect){DH_UPDATED, s->ordering};
}

static const size_t FLAG = 256;

static void atomic(pair *p, dh_thread *thread, dh_operation operation, step *s) {
    s->found.engine = p->engine;
    s->word = memory + FLAG;
    ENGINE(dh_atomic(thread, 100, s->word, 4, 0xa0, operation, on_race, s));
    CHECK(s->found.count == 0);
    CHECK(s->calls == 1);
}

/* `a` writes, then says so with one ordering; `b` hears of it with another, then reads. */
static void pass_message(pair *p, dh_ordering out, dh_ordering in) {
    step said = {.ordering = out, .value = 1}, heard = {.ordering = in};
    put(p, &p->a, 0, 8, 0x1);
    atomic(p, &p->a, store, &said);
    atomic(p, &p->b, load, &heard);
    CHECK(heard.value == 1);
    get(p, &p->b, 0, 8, 0x2);
}

static void scenarios(void) {
    pair p;
    begin(&p, NULL);

    /* Two threads race on eight bytes. */
    ENGINE(dh_call(&p.a, 0x100));
    ENGINE(dh_call(&p.a, 0x200));
    put(&p, &p.a, 0, 8, 0x300);
    dh_node node = DH_ROOT;
    ENGINE(node = dh_thread_node(&p.a));
    uintptr_t only[1] = {0};
    size_t depth = 0;
    ENGINE(depth = dh_context_frames(p.engine, node, only, 1));
    CHECK(depth == 2 && only[0] == 0x200);
    ENGINE(node = dh_context_child(p.engine, node, 0x300));
    uint64_t time = 0;
    uint32_t index = 0;
    ENGINE(time = dh_thread_time(&p.a));
    ENGINE(index = dh_thread_index(&p.a));
    get(&p, &p.b, 0, 8, 0x400);
    CHECK(p.found.count == 1);
    CHECK(p.found.races[0].previous_node == node);
    CHECK(p.found.races[0].previous_time == time);
    CHECK(p.found.races[0].previous_index == index);
    uint64_t known = 0;
    ENGINE(known = dh_thread_time_of(&p.b, index));
    CHECK(known < time);
    tell("a race", &p.found);
    ENGINE(dh_return(&p.a));
    ENGINE(node = dh_thread_node(&p.a));
    ENGINE(depth = dh_context_frames(p.engine, node, only, 1));
    CHECK(depth == 1 && only[0] == 0x100);
    ENGINE(dh_return(&p.a));
    ENGINE(dh_return(&p.a));
    ENGINE(node = dh_thread_node(&p.a));
    CHECK(node == DH_ROOT);
    ENGINE(node = dh_context_child(p.engine, DH_ROOT, 0x500));
    ENGINE(dh_thread_set_node(&p.a, node));
    ENGINE(node = dh_context_caller(p.engine, node));
    CHECK(node == DH_ROOT);
    ENGINE(dh_thread_set_label(&p.b, 22));
    uint64_t label = 0;
    ENGINE(label = dh_thread_label(&p.b));
    CHECK(label == 22);
    settle(&p);
    ENGINE(known = dh_thread_time_of(&p.b, index));
    CHECK(known >= time);

    /* Nobody asks to be told. */
    put(&p, &p.a, 0, 8, 0);
    ENGINE(dh_write(&p.b, memory, 8, 0, NULL, NULL));
    settle(&p);

    /* A label that was changed, and a stack without a frame of the access's own. */
    put(&p, &p.b, 8, 4, 0);
    put(&p, &p.a, 8, 4, 0);
    put(&p, &p.b, 8, 4, 0);
    tell("other labels", &p.found);
    ENGINE(dh_thread_set_node(&p.a, DH_ROOT));
    settle(&p);

    /* A lock. */
    dh_thread *turns[] = {&p.a, &p.b, &p.a};
    for (int i = 0; i < 3; i++) {
        ENGINE(dh_acquire(turns[i], 7));
        put(&p, turns[i], 0, 8, 0x1);
        get(&p, turns[i], 0, 8, 0x2);
        ENGINE(dh_release(turns[i], 7));
    }
    tell("a lock", &p.found);
    settle(&p);
    ENGINE(dh_acquire(&p.a, 7));
    put(&p, &p.a, 0, 8, 0x1);
    ENGINE(dh_release(&p.a, 7));
    ENGINE(dh_acquire(&p.b, 8));
    put(&p, &p.b, 0, 8, 0x2);
    tell("another lock", &p.found);
    settle(&p);

    /* Both release; whoever acquires comes after both. */
    put(&p, &p.a, 0, 8, 0x1);
    ENGINE(dh_release_merge(&p.a, 9));
    put(&p, &p.b, 8, 8, 0x2);
    ENGINE(dh_release_merge(&p.b, 9));
    ENGINE(dh_acquire(&p.main, 9));
    put(&p, &p.main, 0, 16, 0x3);
    tell("two releases", &p.found);
    settle(&p);

    /* Messages. */
    pass_message(&p, DH_RELEASE, DH_ACQUIRE);
    tell("release, acquire", &p.found);
    settle(&p);
    ENGINE(dh_forget(p.engine, 100));
    pass_message(&p, DH_SEQ_CST, DH_CONSUME);
    tell("sequentially consistent, consume", &p.found);
    settle(&p);
    ENGINE(dh_forget(p.engine, 100));
    pass_message(&p, DH_RELEASE, DH_RELAXED);
    tell("release, relaxed", &p.found);
    settle(&p);
    ENGINE(dh_forget(p.engine, 100));
    pass_message(&p, DH_RELAXED, DH_ACQUIRE);
    tell("relaxed, acquire", &p.found);
    settle(&p);
    ENGINE(dh_forget(p.engine, 100));
    {
        step said = {.ordering = DH_RELAXED, .value = 1}, heard = {.ordering = DH_RELAXED};
        put(&p, &p.a, 0, 8, 0x1);
        ENGINE(dh_fence(&p.a, DH_RELEASE));
        atomic(&p, &p.a, store, &said);
        atomic(&p, &p.b, load, &heard);
        ENGINE(dh_fence(&p.b, DH_ACQUIRE));
        get(&p, &p.b, 0, 8, 0x2);
        tell("relaxed between fences", &p.found);
    }
    settle(&p);
    ENGINE(dh_forget(p.engine, 100));
    {
        /* One that fails does not write, and so releases nothing. */
        uint32_t zero = 0;
        memcpy(memory + FLAG, &zero, sizeof zero);
        step fails = {.ordering = DH_ACQ_REL, .on_failure = DH_RELAXED, .expected = 5, .value = 6};
        step heard = {.ordering = DH_ACQUIRE};
        put(&p, &p.a, 0, 8, 0x1);
        atomic(&p, &p.a, compare_exchange, &fails);
        atomic(&p, &p.b, load, &heard);
        CHECK(heard.value == 0);
        get(&p, &p.b, 0, 8, 0x2);
        tell("a compare-exchange that fails", &p.found);
        settle(&p);
        step succeeds = {.ordering = DH_ACQ_REL, .expected = 0, .value = 6};
        step again = {.ordering = DH_ACQUIRE};
        put(&p, &p.a, 0, 8, 0x1);
        atomic(&p, &p.a, compare_exchange, &succeeds);
        atomic(&p, &p.b, load, &again);
        CHECK(again.value == 6);
        get(&p, &p.b, 0, 8, 0x2);
        tell("a compare-exchange that succeeds", &p.found);
    }
    settle(&p);
    ENGINE(dh_forget(p.engine, 100));
    {
        /* An atomic access races with plain ones, and says so during the operation's call. */
        step s = {.found.engine = p.engine, .word = memory + FLAG, .ordering = DH_SEQ_CST};
        put(&p, &p.a, FLAG, 2, 0x1);
        ENGINE(dh_atomic(&p.b, 100, s.word, 4, 0x2, store, on_race, &s));
        tell("an atomic and a plain one", &s.found);
        get(&p, &p.a, FLAG + 2, 1, 0x3);
        tell("a plain and an atomic one", &p.found);
        ENGINE(dh_access(&p.a, DH_ATOMIC_READ, s.word + 2, 1, 0x3, on_race, &p.found));
        ENGINE(dh_access(&p.a, 77, s.word, 4, 0x3, on_race, &p.found));
        ENGINE(dh_atomic(&p.a, 100, s.word, 4, 0x4, NULL, on_race, &p.found));
        tell("two atomic ones", &p.found);
        /* No bytes: edges only. */
        s.calls = 0;
        put(&p, &p.b, 512, 8, 0x5);
        ENGINE(dh_atomic(&p.b, 101, NULL, 0, 0, store, on_race, &s));
        ENGINE(dh_atomic(&p.a, 101, NULL, 0, 0, load, on_race, &s));
        CHECK(s.calls == 2 && s.found.count == 0);
        get(&p, &p.a, 512, 8, 0x6);
        tell("edges only", &p.found);
    }
    settle(&p);

    /* Sizes that overlap. */
    put(&p, &p.a, 2, 4, 0x1);
    get(&p, &p.b, 0, 2, 0x2);
    get(&p, &p.b, 6, 1, 0x2);
    tell("neighbours", &p.found);
    get(&p, &p.b, 0, 8, 0x3);
    tell("four bytes in eight", &p.found);
    settle(&p);
    put(&p, &p.a, 4, 24, 0x1);
    put(&p, &p.a, 64, 1, 0x2);
    get(&p, &p.b, 0, 16, 0x3);
    put(&p, &p.b, 16, 100, 0x4);
    tell("wide ones", &p.found);
    settle(&p);

    /* Bytes that nobody has. */
    put(&p, &p.a, 0, 0, 0x1);
    put(&p, &p.b, 0, 0, 0x1);
    uintptr_t last = UINTPTR_MAX - 3;
    ENGINE(dh_write(&p.a, (void *)last, 100, 0x1, on_race, &p.found));
    ENGINE(dh_write(&p.b, (void *)last, 100, 0x1, on_race, &p.found));
    ENGINE(dh_reset(p.engine, (void *)last, SIZE_MAX));
    ENGINE(dh_write(&p.a, NULL, 8, 0x1, on_race, &p.found));
    ENGINE(dh_write(&p.a, (void *)(uintptr_t)0xffff800000000000, 8, 0x1, on_race, &p.found));
    tell("edges of the address space", &p.found);

    /* Memory that is used again. */
    put(&p, &p.a, 0, 64, 0x1);
    ENGINE(dh_reset(p.engine, memory + 8, 32));
    put(&p, &p.b, 8, 32, 0x2);
    tell("reset", &p.found);
    put(&p, &p.b, 0, 64, 0x3);
    tell("not reset", &p.found);
    settle(&p);

    /* A thread's state that moves. */
    put(&p, &p.a, 0, 8, 0x1);
    dh_thread moved;
    memcpy(&moved, &p.a, sizeof moved);
    memset(&p.a, 0xff, sizeof p.a);
    ENGINE(dh_release(&moved, 7));
    memcpy(&p.a, &moved, sizeof moved);
    ENGINE(dh_acquire(&p.b, 7));
    put(&p, &p.b, 0, 8, 0x2);
    tell("moved", &p.found);

    CHECK(!dh_is_exhausted(p.engine));
    dh_footprint footprint;
    ENGINE(dh_engine_footprint(p.engine, &footprint));
    CHECK(footprint.running == 3 && footprint.ended == 0);
    CHECK(footprint.shadow > 0 && footprint.nodes > 0 && footprint.threads > 0);
    CHECK(footprint.contexts > 10 && footprint.lost == 0 && footprint.shortened == 0);
    end(&p);
}

/* ---- Housekeeping ----------------------------------------------------------------------- */

typedef struct forgotten {
    int count;
    uint64_t sum;
} forgotten;

static void on_forgotten(void *context, uint64_t label) {
    forgotten *into = context;
    into->count++;
    into->sum += label;
}

static void housekeeping(void) {
    pair p;
    begin(&p, NULL);
    static unsigned char *blocks;
    blocks = mmap(NULL, 100 * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(blocks != MAP_FAILED);
    for (int i = 0; i < 100; i++) {
        dh_thread child;
        bool begun = false;
        ENGINE(begun = dh_thread_fork(&p.main, &child, 100 + i));
        CHECK(begun);
        ENGINE(dh_write(&child, blocks + 4096 * i, 8, 0x1, on_race, &p.found));
        ENGINE(dh_release(&child, 1000 + i));
        ENGINE(dh_release_merge(&child, 1));
        ENGINE(dh_thread_end(&child));
    }
    forgotten gone = {0, 0};
    ENGINE(dh_reclaim(p.engine, on_forgotten, &gone));
    CHECK(gone.count == 0);
    dh_footprint before, after;
    ENGINE(dh_engine_footprint(p.engine, &before));
    CHECK(before.running == 3 && before.ended == 100);
    dh_thread *all[] = {&p.main, &p.a, &p.b};
    for (int i = 0; i < 3; i++)
        ENGINE(dh_acquire(all[i], 1));
    ENGINE(dh_sweep(p.engine, on_forgotten, &gone));
    ENGINE(dh_sweep(p.engine, NULL, NULL));
    ENGINE(dh_engine_footprint(p.engine, &after));
    CHECK(atomic_load(&discarded) > 0);
    CHECK(after.shadow < before.shadow && after.nodes_in_use < before.nodes_in_use);
    printf("forgotten: %d, sum %d; running %d, ended %d, free %d\n", gone.count, (int)gone.sum,
           (int)after.running, (int)after.ended, (int)after.free);
    tell("joined threads", &p.found);
    end(&p);
}

static void shortage(void) {
    CHECK(dh_engine_new(&(dh_source){map, unmap, NULL, relax}, NULL) == NULL);
    CHECK(dh_engine_new(&(dh_source){arena_map, arena_unmap, discard, relax}, NULL) == NULL);
    CHECK(atomic_load(&arena_used) == 0);
    dh_engine_free(NULL);
    atomic_store(&mallocs_inside, 0);

    /* Few call stacks: they end at the innermost caller that was kept. */
    pair p;
    begin(&p, &(dh_limits){.contexts = 2});
    ENGINE(dh_call(&p.a, 0x1));
    ENGINE(dh_call(&p.a, 0x2));
    ENGINE(dh_call(&p.a, 0x3));
    ENGINE(dh_return(&p.a));
    put(&p, &p.a, 0, 8, 0x4);
    ENGINE(dh_return(&p.a));
    put(&p, &p.a, 8, 8, 0x5);
    ENGINE(dh_return(&p.a));
    put(&p, &p.a, 16, 8, 0);
    for (size_t at = 0; at < 24; at += 8)
        put(&p, &p.b, at, 8, 0);
    tell("few call stacks", &p.found);
    end(&p);

    /* Few nodes: nothing is reported once they are used up. */
    begin(&p, &(dh_limits){.nodes = 8});
    for (int i = 0; i < 64; i++)
        ENGINE(dh_release(&p.a, 1000 + i));
    bool exhausted = false;
    ENGINE(exhausted = dh_is_exhausted(p.engine));
    CHECK(exhausted);
    put(&p, &p.a, 0, 8, 0x1);
    put(&p, &p.b, 0, 8, 0x2);
    tell("without memory", &p.found);
    dh_footprint footprint;
    ENGINE(dh_engine_footprint(p.engine, &footprint));
    CHECK(footprint.lost > 0);
    end(&p);
}

/* ---- Threads of the operating system ---------------------------------------------------- */

enum { WORKERS = 4, ROUNDS = 2000 };
enum { LOCK = 1, COUNTER = 2, READY = 3, ENDS = 4 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t guarded;
static uint64_t said[WORKERS];
static _Atomic uint32_t ready;
static uint64_t unguarded;

typedef struct worker {
    found found;
    dh_thread state;
    uint64_t number, heard;
} worker;

static dh_effect add(void *context) {
    (void)context;
    atomic_fetch_add_explicit(&ready, 1, memory_order_release);
    return (dh_effect){DH_UPDATED, DH_RELEASE};
}

static dh_effect look(void *context) {
    (void)context;
    return (dh_effect){DH_LOADED, DH_ACQUIRE};
}

static void *work(void *argument) {
    worker *w = argument;
    dh_thread *t = &w->state;
    ENGINE(dh_call(t, 0x10));
    for (int i = 0; i < ROUNDS; i++) {
        pthread_mutex_lock(&lock);
        ENGINE(dh_acquire(t, LOCK));
        ENGINE(dh_read(t, &guarded, sizeof guarded, 0x11, on_race, &w->found));
        ENGINE(dh_write(t, &guarded, sizeof guarded, 0x12, on_race, &w->found));
        guarded++;
        ENGINE(dh_release(t, LOCK));
        pthread_mutex_unlock(&lock);
        ENGINE(dh_atomic(t, COUNTER, &ready, sizeof ready, 0x13, add, on_race, w));
        /* Memory of its own, among that of others. */
        void *own = memory + 64 * (i % 16 * WORKERS + w->number);
        ENGINE(dh_write(t, own, 64, 0x14, on_race, &w->found));
    }
    /* Everybody says something, waits for the others, and hears what they said. */
    ENGINE(dh_write(t, &said[w->number], sizeof said[0], 0x15, on_race, &w->found));
    said[w->number] = 1;
    ENGINE(dh_atomic(t, COUNTER, &ready, sizeof ready, 0x13, add, on_race, w));
    while (atomic_load(&ready) < WORKERS * (ROUNDS + 1))
        sched_yield();
    ENGINE(dh_atomic(t, COUNTER, &ready, sizeof ready, 0x16, look, on_race, w));
    ENGINE(dh_read(t, said, sizeof said, 0x16, on_race, &w->found));
    for (int i = 0; i < WORKERS; i++)
        w->heard += said[i];
    /* And everybody does what is not ordered. */
    ENGINE(dh_write(t, &unguarded, sizeof unguarded, 0x17, on_race, &w->found));
    ENGINE(dh_return(t));
    ENGINE(dh_release_merge(t, ENDS));
    ENGINE(dh_thread_end(t));
    return NULL;
}

static void real_threads(void) {
    static worker workers[WORKERS];
    dh_engine *engine = NULL;
    ENGINE(engine = dh_engine_new(NULL, NULL));
    CHECK(engine != NULL);
    printf("mallocs of a new engine: %d\n", atomic_exchange(&mallocs_inside, 0));
    dh_thread first;
    bool begun = false;
    ENGINE(begun = dh_thread_first(engine, &first, 0));
    CHECK(begun);
    found races = {.engine = engine};
    /* The threads come after what the first did before it started them. */
    ENGINE(dh_write(&first, memory, sizeof memory, 0x1, on_race, &races));
    pthread_t threads[WORKERS];
    for (int i = 0; i < WORKERS; i++) {
        workers[i].found.engine = engine;
        workers[i].number = i;
        ENGINE(begun = dh_thread_fork(&first, &workers[i].state, 1 + i));
        CHECK(begun);
    }
    for (int i = 0; i < WORKERS; i++)
        CHECK(pthread_create(&threads[i], NULL, work, &workers[i]) == 0);
    int count = 0, wrong = 0;
    for (int i = 0; i < WORKERS; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
        CHECK(workers[i].heard == WORKERS);
        count += workers[i].found.count;
        for (int k = 0; k < workers[i].found.count; k++) {
            found *f = &workers[i].found;
            wrong += f->races[k].address != (uintptr_t)&unguarded || f->depths[k] != 2 ||
                     f->sites[k][0] != 0x17 || f->sites[k][1] != 0x10 ||
                     f->races[k].previous_label == (uint64_t)(1 + i);
        }
    }
    ENGINE(dh_acquire(&first, ENDS));
    ENGINE(dh_write(&first, &guarded, sizeof guarded, 0x2, on_race, &races));
    ENGINE(dh_write(&first, &unguarded, sizeof unguarded, 0x2, on_race, &races));
    ENGINE(dh_write(&first, memory, sizeof memory, 0x2, on_race, &races));
    CHECK(guarded == WORKERS * ROUNDS);
    /* Each but the first, with the one before it, whose record it then takes the place of. */
    printf("real threads: %d races, %d of them elsewhere, %d after all ended\n", count, wrong,
           races.count);
    ENGINE(dh_thread_end(&first));
    ENGINE(dh_engine_free(engine));
    printf("mallocs since: %d\n", atomic_exchange(&mallocs_inside, 0));
}

int main(void) {
    scenarios();
    housekeeping();
    shortage();
    real_threads();
    return 0;
}
