/*
 * deadheat.h: the core of Deadheat's happens-before engine, a data-race detector, for C.
 *
 * Tell the engine what your threads do, and it calls you back with every access that conflicts with
 * an earlier one that nothing orders before it: no false report, no miss. It serves inside a language's
 * runtime, an allocator, or a compiler's instrumentation, because it keeps its state where you
 * put it and asks nobody but its own source for memory.
 *
 *     dh_engine *engine = dh_engine_new(NULL, NULL);
 *     dh_thread a, b;
 *     dh_thread_first(engine, &a, 1);              // thread 1 ...
 *     dh_thread_fork(&a, &b, 2);                   // ... starts thread 2
 *     dh_write(&a, &x, sizeof x, SITE_1, on_race, NULL);
 *     dh_read(&b, &x, sizeof x, SITE_2, on_race, NULL);   // calls on_race
 *     dh_thread_end(&b);
 *     dh_thread_end(&a);
 *     dh_engine_free(engine);
 *
 * To build: `cargo build --release -p deadheat-c`, then
 * `cc -Idetector/c/include program.c target/release/libdeadheat_c.a -pthread -ldl -lm`.
 *
 * What to call when
 * -----------------
 *   a thread starts another       dh_thread_fork(parent, child), before the child runs
 *   a thread ends                 dh_release_merge(t, ITS_END); dh_thread_end(t)
 *   a thread was joined           dh_acquire(t, ITS_END)
 *   a lock was taken              dh_acquire(t, LOCK), after it was
 *   a lock is being given up      dh_release(t, LOCK), before it is
 *   a reader gives it up          dh_release_merge(t, LOCK's readers); a writer acquires both
 *   an atomic operation           dh_atomic, which performs it; dh_fence
 *   memory is accessed            dh_read, dh_write, dh_access
 *   memory is allocated or freed  dh_reset; dh_forget for what is synchronised by its address
 *   a function is entered, left   dh_call, dh_return
 *   now and then; when idle       dh_reclaim; dh_sweep
 *
 * What holds for every function
 * -----------------------------
 * Threads. A `dh_thread` is used by one caller at a time: whoever runs that thread now. Functions
 * on different `dh_thread`s, and functions on a `dh_engine`, may run at the same time. No function
 * keeps anything in thread-local storage, so that a `dh_thread` may go on under another thread of
 * the operating system, and may be moved (by memcpy) between two calls. A new thread is a
 * dh_thread_first only before the first dh_reclaim or dh_sweep; it is forked afterwards.
 *
 * Memory. After dh_engine_new, nothing is allocated but from the source, so any function may be
 * called from inside of malloc. dh_engine_new itself makes one small allocation with malloc, which
 * is freed with the engine. Functions do not touch the memory that they are told of.
 *
 * Callbacks are called before the function returns, by the same thread. They come back (no
 * longjmp, no exception), and do not use the `dh_thread` of the call. What else they may not do
 * stands with their types.
 *
 * Null. A pointer to an engine, a thread, or a result is not null, but for dh_engine_free. A
 * callback may be null. Other null pointers are mentioned.
 *
 * Signals. Functions take spin locks for a moment; a signal handler must not call them where it
 * may have interrupted one.
 *
 * Failure. Where memory runs out, dh_is_exhausted says so, and no race is reported any more,
 * because what would be found might be none. A broken contract that is noticed ends the process;
 * nothing unwinds into the caller.
 */
#ifndef DEADHEAT_H
#define DEADHEAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What all threads of one address space share. */
typedef struct dh_engine dh_engine;

/* The state of one thread, in storage of the caller's. Its bytes are the engine's. */
typedef struct dh_thread {
    uint64_t opaque[6];
} dh_thread;

/* A call stack, as a number that the engine gave. */
typedef uint32_t dh_node;
/* The empty call stack. */
#define DH_ROOT ((dh_node)0)

/* Kinds of access. */
typedef uint32_t dh_kind;
#define DH_READ ((dh_kind)0)
#define DH_WRITE ((dh_kind)1)
#define DH_ATOMIC_READ ((dh_kind)2)
#define DH_ATOMIC_WRITE ((dh_kind)3)

/* Orderings: the numbers of memory_order and of __ATOMIC_... . */
typedef uint32_t dh_ordering;
#define DH_RELAXED ((dh_ordering)0)
#define DH_CONSUME ((dh_ordering)1) /* as acquire */
#define DH_ACQUIRE ((dh_ordering)2)
#define DH_RELEASE ((dh_ordering)3)
#define DH_ACQ_REL ((dh_ordering)4)
#define DH_SEQ_CST ((dh_ordering)5)

/*
 * Where memory comes from. The functions may be called by any thread, from inside of any function
 * of this library, and call none. None is null.
 */
typedef struct dh_source {
    /*
     * Gives `bytes` zero bytes, aligned to at least 64, or null. An engine asks for large pieces
     * (up to 150 MB of tables, 256 MB for each 64 MB of address space that is accessed) and touches
     * them little by little: give address space, and memory when it is touched.
     */
    uint8_t *(*map)(size_t bytes);
    /* Takes back what `map` gave, whole. */
    void (*unmap)(uint8_t *start, size_t bytes);
    /*
     * Makes a part of what `map` gave zero again, and free if possible. Its length, and its
     * distance from where the piece starts, are multiples of 4096. It must be zero when this
     * returns: other threads may be waiting for that.
     */
    void (*discard)(uint8_t *start, size_t bytes);
    /* Gives the processor to another thread for a moment, because a lock is taken. */
    void (*relax)(void);
} dh_source;

/* How much of what an engine keeps, at most. Zero stands for the default. */
typedef struct dh_limits {
    uint32_t nodes;    /* of 80 bytes: clocks, histories of more than one record, sync objects */
    uint32_t contexts; /* of 16 bytes: distinct call stacks */
} dh_limits;

/* What an engine has in memory. */
typedef struct dh_footprint {
    uint64_t shadow;       /* bytes of shadow pages in use */
    uint64_t nodes;        /* bytes of nodes that were ever in use at once */
    uint64_t nodes_in_use; /* nodes in use now */
    uint64_t threads;      /* bytes of the slots of threads */
    uint64_t running;      /* threads that run */
    uint64_t ended;        /* indices of threads that ended, and whose accesses may still race */
    uint64_t free;         /* indices that any new thread may have */
    uint64_t lost;         /* accesses that could not be recorded, for want of memory */
    uint64_t contexts;     /* distinct call stacks, the empty one included */
    uint64_t shortened;    /* frames left out because there were too many call stacks */
} dh_footprint;

/*
 * Two conflicting accesses that nothing orders. The later one is the access during which this is
 * passed; the earlier one is described.
 */
typedef struct dh_race {
    uintptr_t address;       /* the first byte that both touched */
    size_t size;             /* bytes that both touched, as far as they adjoin */
    uint64_t previous_label; /* its thread's label: not `forgotten` before this thread acts again */
    uint64_t previous_time;  /* its time, on its thread's own clock */
    uint32_t previous_index; /* its thread's index */
    dh_node previous_node;   /* its call stack */
    dh_kind previous_kind;
    bool dependent;          /* whether it may follow from an earlier race */
} dh_race;

/* What an atomic operation turned out to do. A compare-exchange that fails has loaded. */
typedef uint32_t dh_action;
#define DH_LOADED ((dh_action)0)
#define DH_STORED ((dh_action)1)
#define DH_UPDATED ((dh_action)2) /* read and wrote as one step */

typedef struct dh_effect {
    dh_action action;     /* an unknown number counts as DH_UPDATED */
    dh_ordering ordering; /* an unknown number counts as DH_SEQ_CST */
} dh_effect;

/*
 * Called with each race of an access; `race` is there until it returns. It may call functions on
 * the engine (dh_context_frames, say) but for dh_reclaim and dh_sweep, and those on other threads
 * that the caller owns. Within dh_atomic it runs under the object's lock: see dh_operation.
 */
typedef void (*dh_found)(void *context, const dh_race *race);

/*
 * Performs an atomic operation. It runs under a lock that objects share: it names no object
 * (dh_acquire, dh_release..., dh_atomic, dh_forget, dh_sweep), and waits for nobody who does.
 */
typedef dh_effect (*dh_operation)(void *context);

/*
 * Called with the label of a thread that no race can be with any more. It runs under the lock of
 * all threads' lives, and calls no function of this library.
 */
typedef void (*dh_forgotten)(void *context, uint64_t label);

/* ---- Engines ---------------------------------------------------------------------------- */

/*
 * An engine that has seen no event; null where there is no memory for its tables, or where a
 * function of `source` is null. Both arguments are copied. A null source is the operating
 * system's memory, null limits are the defaults.
 */
dh_engine *dh_engine_new(const dh_source *source, const dh_limits *limits);
/* Frees an engine whose threads have all ended. Null is left alone. */
void dh_engine_free(dh_engine *engine);

/* Whether memory ran out. */
bool dh_is_exhausted(const dh_engine *engine);
void dh_engine_footprint(const dh_engine *engine, dh_footprint *footprint);

/* Frees what every running thread knows of ended threads: their indices, for others to have. */
void dh_reclaim(const dh_engine *engine, dh_forgotten forgotten, void *context);
/* As dh_reclaim, and frees shadow memory and sync objects. It looks at all shadow memory. */
void dh_sweep(const dh_engine *engine, dh_forgotten forgotten, void *context);

/* ---- Threads ---------------------------------------------------------------------------- */

/*
 * Begins a thread that nothing precedes. False, with `storage` untouched, where there are too
 * many (2^27), there is no memory, or dh_reclaim or dh_sweep was called before. `storage` holds no
 * thread that has not ended.
 */
bool dh_thread_first(dh_engine *engine, dh_thread *storage, uint64_t label);
/* Begins a thread that `parent` starts: what it did so far happens-before. As dh_thread_first. */
bool dh_thread_fork(dh_thread *parent, dh_thread *storage, uint64_t label);
/* Ends a thread. What it did stays known, and may still be raced with. */
void dh_thread_end(dh_thread *thread);

/* What races call the thread. */
uint64_t dh_thread_label(const dh_thread *thread);
void dh_thread_set_label(dh_thread *thread, uint64_t label);
/*
 * The thread uses the labels no more that it was told of in races. While it may, what they name is not
 * forgotten: so say it after a report, where the thread may be idle for long.
 */
void dh_thread_has_asked(dh_thread *thread);
/* The thread's index; that of a thread that ended may be given to another. */
uint32_t dh_thread_index(const dh_thread *thread);
/* The time of the thread's next access. */
uint64_t dh_thread_time(const dh_thread *thread);
/* The latest time of the thread with this index that happens-before the next step; or zero. */
uint64_t dh_thread_time_of(const dh_thread *thread, uint32_t index);

/* ---- Call stacks ------------------------------------------------------------------------ */

/*
 * The thread calls, at `site`: a return address, or another number of at most 62 bits. Where
 * there are too many call stacks, stacks end at the innermost caller that was kept.
 */
void dh_call(dh_thread *thread, uintptr_t site);
/* The thread returns from its latest call. */
void dh_return(dh_thread *thread);
/* The thread's call stack, DH_ROOT at first. Set it to a captured one, or after a longjmp. */
dh_node dh_thread_node(const dh_thread *thread);
void dh_thread_set_node(dh_thread *thread, dh_node node);

/* The call stack of a call at `site` from `caller`; equal ones are the same number. */
dh_node dh_context_child(const dh_engine *engine, dh_node caller, uintptr_t site);
/* The call stack that `node` was called from. */
dh_node dh_context_caller(const dh_engine *engine, dh_node node);
/*
 * Writes the sites of `node`'s frames to `sites`, innermost first, at most `capacity`, and returns
 * how many there are. `sites` may be null where `capacity` is zero.
 */
size_t dh_context_frames(const dh_engine *engine, dh_node node, uintptr_t *sites, size_t capacity);

/* ---- Memory ----------------------------------------------------------------------------- */

/*
 * Accesses of `size` bytes; of none where it is zero. `site` is the access's own frame, below the
 * thread's call stack; zero for none. Calls `found` once for each earlier access that this one
 * races with and each run of bytes. Of two accesses that raced, and of two that are ordered, the
 * later one may stand for both.
 */
void dh_read(dh_thread *thread, const volatile void *address, size_t size, uintptr_t site,
             dh_found found, void *context);
void dh_write(dh_thread *thread, const volatile void *address, size_t size, uintptr_t site,
              dh_found found, void *context);
/* Of any kind; an atomic one brings no edge. An unknown kind is no access. */
void dh_access(dh_thread *thread, dh_kind kind, const volatile void *address, size_t size,
               uintptr_t site, dh_found found, void *context);

/* What comes to lie in these bytes has no history: they were allocated or freed. */
void dh_reset(const dh_engine *engine, const volatile void *address, size_t size);

/* ---- Synchronisation -------------------------------------------------------------------- */

/* Orders the thread after what was released to the object: any number that names one. */
void dh_acquire(dh_thread *thread, uint64_t object);
/* Leaves what the thread knows at the object, in place of what was there. */
void dh_release(dh_thread *thread, uint64_t object);
/* Adds what the thread knows to what is at the object. */
void dh_release_merge(dh_thread *thread, uint64_t object);
/* Acquires, then releases. */
void dh_release_acquire(dh_thread *thread, uint64_t object);
/* Forgets the object: its owner is gone. */
void dh_forget(const dh_engine *engine, uint64_t object);

/*
 * Performs `operation`, its edges, and its access of `size` bytes, as one step in the order of
 * modifications of `object`. A null operation is no event. `context` is passed to both callbacks.
 */
void dh_atomic(dh_thread *thread, uint64_t object, const volatile void *address, size_t size,
               uintptr_t site, dh_operation operation, dh_found found, void *context);
/* A memory fence. */
void dh_fence(dh_thread *thread, dh_ordering ordering);

#ifdef __cplusplus
}
#endif

#endif
