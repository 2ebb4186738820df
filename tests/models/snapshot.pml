/* A snapshot's life: claimed, taken over, retired, replaced, removed and reaped; and its readers.
 *
 * Writers create, open, replace, reap, store, finish, retire and drop the snapshot of one name,
 * again and again, and may be killed after every step: they begin anew, with nothing. The kernel
 * then closes their descriptors, which releases their claims. A reader follows the name: it waits
 * for a snapshot, returns its values, and waits for the next one when that is retired. A `step` is a
 * system call, or an access to shared memory, which has no line in a trace. Words that its line in
 * a golden trace has; the first that fits counts:
 *
 * call rename            renameat(
 * call give_name         linkat( /NAME"
 * call give_name         renameat2( /NAME"
 * call open_name         openat( /NAME" O_RDWR
 * call open_to_read      openat( /NAME" O_RDONLY
 * call claim             fcntl( F_OFD_SETLK F_WRLCK l_start=4611686018427387904
 * call ask               fcntl( F_OFD_GETLK
 * call inspect           fstat(
 * call read_header       pread64(
 * call write_mark        pwrite64(
 * call wake              futex( FUTEX_WAKE
 * call sleep             futex( FUTEX_WAIT
 * call look              newfstatat(
 * call unlink_name       unlinkat( /NAME"
 * call watch             inotify_add_watch(
 * call poll              ppoll(
 * call read_events       read(
 * call close             close(
 *
 * In creation.pml: O_TMPFILE /dev/shm/." .NAME.rawshm- ftruncate fallocate flock
 * No property depends on: mmap munmap faccessat inotify_init1 clock_gettime 4611686018427387905
 * The operations: snapshot.Writer.create snapshot.Writer.open snapshot.Writer.open_or_create
 *   snapshot.Writer.replace snapshot.Writer.finish snapshot.Writer.retire snapshot.reap
 *   snapshot.Reader.wait_for snapshot.Reader.open snapshot.Reader.next
 * Checked with: -DOPERATIONS=3
 */
#define WRITERS 2
#define READER (WRITERS + 1)
#define VALUES 2                  /* the number of the last value */
#ifndef OPERATIONS
#define OPERATIONS 4              /* how many both writers begin in all */
#endif
#define me _pid

/* Which object the name denotes, and which ones each process has open or mapped; 0: none. */
#define REFERENCES (2 + 2 * WRITERS)
byte reference[REFERENCES];
#define entry reference[0]
#define own reference[2 * me - 1]
#define old reference[2 * me]
#define read reference[REFERENCES - 1]

byte claim[REFERENCES + 1];       /* which process has claimed an object, or 0 */
byte slot[REFERENCES + 1];        /* the number of the last whole value in its slots */
byte last[REFERENCES + 1];        /* the number in its header */
bool mark[REFERENCES + 1];        /* it is retired */

bool asleep, watching, polling;   /* the reader: on a header; has a watch of the directory; on that */
bool event;                       /* a name has appeared in the directory */
byte seen, returned;              /* the number in the header, and that of the last value returned */

byte left = OPERATIONS;

/* What the properties need to remember. */
bool writes[WRITERS + 1];         /* a process is the writer of its own object */
bool idle[WRITERS + 1];           /* and has woken the readers after its last store */
bool restored;                    /* a mark was taken back after the reader's last look */

/* What can be left out with -DREMOVED=..., which must then be found. */
mtype:guard = {
    none,
    claimed_before_the_name, claimed_when_taken, claimed_when_reaped, name_after_the_claim,
    busy_only_with_a_name, finish_retires_first, reap_retires_first, replace_retires_first,
    retired_ones_wake, open_wakes_again, taken_over_publishes, taken_over_wakes,
    identity_of_what_is_reaped, restored_after_a_refusal,
    header_before_the_slot, sleep_on_what_was_seen, look_after_the_watch, events_before_the_look,
    look_each_second
}
#ifndef REMOVED
#define REMOVED none
#endif
#define guard(one) (one != REMOVED)

/* A call that changes nothing: it is made, and no process sees it. */
#define also(call) skip

/* Another process may run before each step, or this one is killed. What follows a step belongs to
 * it: nothing else sees that. */
chan run_on[READER + 1] = [0] of { bit };
#define access(...) settle(); run_on[me]?_; if :: __VA_ARGS__ :: goto killed fi
#define step(call, ...) access(__VA_ARGS__)
#define load(...) settle(); run_on[me]?_; __VA_ARGS__
#define look_(call, ...) load(__VA_ARGS__)

/* An object's number is the place of the first reference to it, so that two states that differ in
 * numbers alone are one. One without references is gone. */
inline settle() { d_step {
    k = 0;
    for (i : 0 .. REFERENCES - 1) {
        o = reference[i];
        if
        :: o > k ->
            k++;
            for (j : i .. REFERENCES - 1) {
                if
                :: reference[j] == o -> reference[j] = k
                :: reference[j] == k && o != k -> reference[j] = o
                :: else
                fi
            }
            j = claim[o]; claim[o] = claim[k]; claim[k] = j;
            j = slot[o]; slot[o] = slot[k]; slot[k] = j;
            j = last[o]; last[o] = last[k]; last[k] = j;
            j = mark[o]; mark[o] = mark[k]; mark[k] = j
        :: else
        fi
    }
    for (j : k + 1 .. REFERENCES) { slot[j] = 0; last[j] = 0; mark[j] = 0 }
    i = 0; j = 0; k = 0; o = 0;
    /* A reader sleeps only where it will be woken: on an object that the name leads to, or that a
     * process has claimed; not while there is a value that it has not returned, if a writer lives.
     */
    assert(!asleep || read == entry || claim[read]);
    assert(!asleep || !claim[read] || !idle[claim[read]] || returned == slot[read]);
    assert(!polling || event || entry == 0 || mark[entry] || restored && guard(look_each_second))
} }
inline shut(object) {
    if :: claim[object] == me -> claim[object] = 0 :: else fi;
    object = 0
}
/* The end of an operation that has claimed an object: its readers know what there is to know. */
inline release(object) {
    assert(claim[object] != me || !asleep || read != object || !mark[object] && last[object] == seen);
    shut(object)
}
inline wake_readers(object) { if :: read == object -> asleep = false :: else fi }
inline take_name_away() {         /* of no other process that is its writer */
    for (i : 1 .. WRITERS) {
        assert(i == me || !writes[i] || entry == 0 || entry != reference[2 * i - 1])
    }
    i = 0
}
inline begin_to_write() {         /* as the only one, of what has the name */
    for (i : 1 .. WRITERS) { assert(i == me || !writes[i] || own != reference[2 * i - 1]) }
    i = 0;
    assert(own == entry && !mark[own]);
    writes[me] = true
}

/* src/snapshot/claimed.rs: retire */
inline retire() {
    step(write_mark, mark[old] = true);
    if :: guard(retired_ones_wake) -> step(wake, wake_readers(old)) :: else fi
}
/* src/snapshot/claimed.rs: restore_unless_removed */
inline restore() {
    if
    :: guard(restored_after_a_refusal) ->
        step(write_mark, mark[old] = was; restored = restored || read == 0 && !was && old == entry)
    :: else
    fi;
    assert(mark[old] == was)
}

/* src/snapshot/create.rs: take; src/sys/linux/snapshot/claims.rs: claim */
inline take() {
    do
    :: step(open_name, old = entry); also(inspect);
       if :: old == 0 -> break :: else fi;
       step(claim, ok = claim[old] == 0 || !guard(claimed_when_taken);
           if :: ok -> claim[old] = me :: else fi);
       if
       :: !ok ->
           step(ask, skip);
           if
           :: guard(busy_only_with_a_name) -> step(inspect, ok = old != entry)
           :: else
           fi;
           if :: ok -> ok = false; shut(old) :: else -> assert(old == entry); goto failed fi
       :: else ->
           ok = false;
           step(inspect, ok = old != entry && guard(name_after_the_claim));
           also(read_header); was = mark[old];
           if :: ok -> ok = false; retire(); step(close, release(old)) :: else -> break fi
       fi
    od
}

/* src/snapshot/create.rs: make */
inline make() {
    access(own = REFERENCES; slot[own] = 1; last[own] = 1; mark[own] = false;
        if :: guard(claimed_before_the_name) -> claim[own] = me; also(claim) :: else fi)
}

proctype writer() {
    byte i, j, k, o;
    bool ok, was, creates, opens, replaces;
killed:
    atomic {
    writes[me] = false; idle[me] = false; shut(own); shut(old);
begin:
    ok = false; was = false; creates = false; opens = false; replaces = false;
    settle(); run_on[me]?_;
    left > 0; left--;
    if
    :: goto reap
    :: creates = true
    :: opens = true
    :: replaces = true
    :: creates = true; opens = true
    fi;
again:
    if
    :: opens || replaces ->
        take();
        if
        :: old == 0 && (creates || replaces)
        :: old == 0 && !creates && !replaces -> goto failed
        :: old && !replaces && !was -> goto take_over
        :: old && (replaces || was && creates) -> goto put_in_place
        :: old && opens && !creates && was ->
            /* src/snapshot/create.rs: open_with */
            assert(old == entry);
            if :: guard(open_wakes_again) -> retire() :: else fi;
            goto failed
        fi
    :: else
    fi;
    /* src/snapshot/create.rs: create_with; src/complete/draft.rs: publish */
    make();
    step(give_name, ok = entry == 0; if :: ok -> entry = own; event = watching; begin_to_write() :: else fi);
    if
    :: !ok -> step(close, shut(own)); if :: opens || replaces -> goto again :: else -> goto failed fi
    :: else
    fi;
    if :: !guard(claimed_before_the_name) -> step(claim, claim[own] = me) :: else fi;
    goto write;
put_in_place:
    /* src/snapshot/create.rs: put_in_place; src/object/unlink.rs: is_same */
    make();
    step(look, also(inspect); ok = old == entry);
    if :: !ok -> shut(own); release(old); goto again :: else -> ok = false fi;
    creates = false; opens = false; replaces = false;
    if :: guard(replace_retires_first) -> retire() :: else fi;
    if
    :: step(rename, take_name_away(); entry = own; event = watching; begin_to_write())
    :: step(rename, skip); restore(); shut(own); goto failed
    fi;
    if :: !guard(replace_retires_first) -> retire() :: else fi;
    step(close, release(old));
    goto write;
take_over:
    /* src/snapshot/create.rs: take_over; src/snapshot/seqlock.rs: adopt */
    also(inspect);
    creates = false; opens = false;
    own = old; old = 0; begin_to_write();
    /* src/snapshot/writer.rs: publish */
    if :: guard(taken_over_publishes) -> access(last[own] = slot[own]) :: else fi;
    if :: guard(taken_over_wakes) -> step(wake, wake_readers(own)) :: else fi;
write:
    ok = false; was = false; creates = false; opens = false; replaces = false;
    idle[me] = true; settle(); run_on[me]?_; idle[me] = false;
    if
    :: goto killed
    :: slot[own] < VALUES ->
        /* src/snapshot/seqlock.rs: store */
        access(slot[own]++);
        access(last[own] = slot[own]);
        /* src/snapshot/writer.rs: notify */
        step(wake, wake_readers(own));        goto write
    :: step(close, writes[me] = false; release(own)); goto done
    :: /* src/snapshot/writer.rs: retire */
        access(mark[own] = true);
        step(wake, wake_readers(own));
        step(close, writes[me] = false; release(own)); goto done
    :: skip
    fi;
    /* src/snapshot/writer.rs: finish_with; src/object/unlink.rs: unlink_if_same */
    if
    :: guard(finish_retires_first) ->
        access(mark[own] = true);
        step(wake, wake_readers(own))
    :: else
    fi;
    step(look, also(inspect); ok = own == entry);
    if
    :: ok -> step(unlink_name, take_name_away(); entry = 0)
    :: ok -> step(unlink_name, ok = false)
    :: !ok
    fi;
    if
    :: !ok ->
        access(mark[own] = false; restored = restored || read == 0);
        step(wake, wake_readers(own))
    :: ok && !guard(finish_retires_first) ->
        access(mark[own] = true);
        step(wake, wake_readers(own))
    :: else
    fi;
    step(close, writes[me] = false; release(own)); goto done;
reap:
    /* src/snapshot/claim.rs: reap_with */
    step(open_name, old = entry); also(inspect);
    if :: old == 0 -> goto failed :: else fi;
    step(claim, ok = claim[old] == 0 || !guard(claimed_when_reaped);
        if :: ok -> claim[old] = me :: else fi);
    if :: !ok -> step(ask, skip); goto failed :: else -> ok = false fi;
    also(read_header); was = mark[old];
    if :: guard(reap_retires_first) -> retire() :: else fi;
    step(look, also(inspect); ok = old == entry || !guard(identity_of_what_is_reaped));
    if
    :: ok -> step(unlink_name, take_name_away(); entry = 0)
    :: ok -> step(unlink_name, ok = false)
    :: !ok
    fi;
    if
    :: !ok -> restore()
    :: ok && !guard(reap_retires_first) -> retire()
    :: else
    fi;
failed:
    ok = false; was = false; creates = false; opens = false; replaces = false;
    if :: old -> step(close, release(old)) :: else fi;
done:
    goto begin
    }
}

proctype reader() {
    byte i, j, k, o;
    bool is_marked, ok;
search:
    atomic {
    /* src/snapshot/reader.rs: open_if_current_with; src/snapshot/reader.rs: is_retired */
    look_(open_to_read, read = entry; restored = false);
    if
    :: read ->
        also(inspect); also(close);
        load(is_marked = mark[read]);
        if :: !is_marked -> goto attached :: else -> is_marked = false; read = 0 fi
    :: else
    fi;
    /* src/snapshot/reader.rs: wait_for_with; src/sys/linux/snapshot/waiting.rs: watch */
    if
    :: !watching ->
        look_(watch, watching = true);
        if :: guard(look_after_the_watch) -> goto search :: else fi
    :: else
    fi;
    /* src/sys/linux/snapshot/waiting.rs: wait_readable */
    if :: !guard(events_before_the_look) -> look_(read_events, event = false) :: else fi;
    polling = true;
    do
    :: load(skip); if :: event || restored && guard(look_each_second) -> break :: else fi
    od;
    polling = false; also(poll);
    if :: event && guard(events_before_the_look) -> look_(read_events, event = false) :: else fi;
    goto search;
attached:
    if :: watching -> also(close) :: else fi;
    watching = false; event = false;    do
    ::        /* src/snapshot/seqlock.rs: look; src/snapshot/seqlock.rs: has_newer */
        if :: !guard(header_before_the_slot) -> load(ok = slot[read] > returned) :: else fi;
        load(seen = last[read]; is_marked = mark[read]);
        if :: guard(header_before_the_slot) -> load(ok = slot[read] > returned) :: else fi;
        if
        :: ok ->
            /* src/snapshot/reader.rs: load_next */
            ok = false; seen = 0; is_marked = false;
            load(returned = slot[read])
        :: !ok && is_marked -> break
        :: !ok && !is_marked ->
            /* src/snapshot/word.rs: sleep */
            load(asleep = !mark[read] && last[read] == seen || !guard(sleep_on_what_was_seen));
            do :: load(skip); if :: !asleep -> break :: else fi od;
            seen = 0; also(sleep)
        fi
    od;
    read = 0; returned = 0; seen = 0; is_marked = false;
    goto search
    }
}

init {
    atomic {
        byte p;
        for (p : 1 .. WRITERS) { run writer() }
        run reader();
        p = 0
    }
    do :: run_on[1]!0 :: run_on[2]!0 :: run_on[READER]!0 od
}
