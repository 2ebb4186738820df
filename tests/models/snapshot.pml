/* A snapshot's life: claimed, taken over, retired, replaced, removed and reaped; and its readers.
 *
 * Two writers create, open, replace, reap, store, finish, retire and drop the snapshot of one
 * name, again and again, three operations in all: four take minutes. A reader follows the name: it
 * waits for a snapshot, returns its values, and waits for the next one when that is retired.
 *
 * The operations: snapshot.Writer.create snapshot.Writer.open snapshot.Writer.open_or_create
 *   snapshot.Writer.replace snapshot.Writer.finish snapshot.Writer.retire snapshot.Writer.notify
 *   snapshot.reap snapshot.Reader.wait_for snapshot.Reader.open snapshot.Reader.next
 * Checked with: -DOPERATIONS=3
 * Claims about time, and guards without which each fails:
 *   sleepers_wake: retired_ones_wake open_wakes_again taken_over_wakes finish_retires_first
 *   names_are_found: look_after_the_watch events_before_the_look look_each_second
 */
#ifdef LIVE                       /* one, which goes on after each end; two would take hours */
#define WRITERS 1
#else
#define WRITERS 2
#endif
#define WORKERS (WRITERS + 1)     /* the last one is the reader */
#define VALUES 2                  /* the number of the last value */
#ifndef OPERATIONS
#define OPERATIONS 4              /* how many both writers begin in all */
#endif
#define REFERENCES (2 + 2 * WRITERS)
#define OF_OBJECTS(each) each(claim) each(slot) each(last) each(mark)
byte claim[REFERENCES + 1];       /* which process has claimed an object, or 0 */
byte slot[REFERENCES + 1];        /* the number of the last whole value in its slots */
byte last[REFERENCES + 1];        /* the number in its header */
bool mark[REFERENCES + 1];        /* it is retired */
#define entry reference[0]        /* the name */
#define own reference[2 * me - 1]
#define old reference[2 * me]
#define read reference[REFERENCES - 1]

mtype:guard = {
    claimed_before_the_name, claimed_when_taken, claimed_when_reaped, name_after_the_claim,
    busy_only_with_a_name, finish_retires_first, reap_retires_first, replace_retires_first,
    retired_ones_wake, open_wakes_again, taken_over_publishes, taken_over_wakes,
    identity_of_what_is_reaped, restored_after_a_refusal,
    header_before_the_slot, sleep_on_what_was_seen, look_after_the_watch, events_before_the_look,
    look_each_second
}

bool asleep, watching, polling;   /* the reader: on a header; has a watch; on that */
bool event;                       /* a name has appeared in the directory */
byte seen, returned;              /* the number in the header; of the value returned */
#ifdef LIVE                       /* operations go on, but only those that can do anything */
#define may_create entry == 0
#define count_operation skip
#else
byte left = OPERATIONS;
#define may_create true
#define count_operation only_if(left == 0, goto begin); left--
#endif

/* What the properties need to remember. */
bool writes[WRITERS + 1];         /* a process is the writer of its own object */
bool idle[WRITERS + 1];           /* and has woken the readers after its last store */
bool restored;                    /* a mark was taken back after the reader's last look */

/* A reader sleeps only where it will be woken: on an object that the name leads to, or that a
 * process has claimed; not while there is a value that it has not returned, if a writer lives. */
#define always() \
    assert(!asleep || read == entry || claim[read]); \
    assert(!asleep || !claim[read] || !idle[claim[read]] || returned == slot[read]); \
    assert(!polling || event || entry == 0 || mark[entry] || restored && guard(look_each_second))
#include "steps.pml"
#define load(...) wait_for_turn(); __VA_ARGS__
#define look_(call, ...) load(called(call); __VA_ARGS__)

/* After the last kill, a reader is woken if there is a value or the end to tell, and a snapshot is
 * found if there is one, as long as operations go on. */
#ifdef LIVE
ltl sleepers_wake { []<> (!asleep || !mark[read] && slot[read] == returned || failure) }
ltl names_are_found { []<> (!polling || entry == 0 || mark[entry] || failure) }
#endif

inline shut(object) { only_if(claim[object] == me, claim[object] = 0); object = 0 }
/* The end of an operation that has claimed an object: its readers know what there is to know. */
inline release(object) {
    assert(claim[object] != me || !asleep || read != object
        || !mark[object] && last[object] == seen);
    shut(object)
}
#define wake_readers(object) step(wake, only_if(read == object, asleep = false))
inline take_name_away() {         /* of no other process that is its writer */
    for (i : 1 .. WRITERS) {
        assert(i == me || !writes[i] || entry == 0 || entry != reference[2 * i - 1])
    }
    i = 0
}
inline begin_to_write() {         /* as the only one, of what has the name */
    for (i : 1 .. WRITERS) { assert(i == me || !writes[i] || own != reference[2 * i - 1]) }
    i = 0; writes[me] = true;
    assert(own == entry && !mark[own])
}

/* src/snapshot/claimed.rs: retire */
inline retire() {
    step(write_mark, mark[old] = true);
    only_if(guard(retired_ones_wake), wake_readers(old))
}
/* src/snapshot/claimed.rs: restore_unless_removed */
inline restore() {
    also(inspect);
    only_if(old == entry && guard(restored_after_a_refusal),
        step(write_mark, mark[old] = was; restored = restored || read == 0 && !was));
    assert(mark[old] == was || old != entry)
}
/* src/snapshot/writer.rs: publish */
inline publish(is_retired) {
    access(mark[own] = is_retired; restored = restored || read == 0 && !is_retired);
    wake_readers(own)
}

/* src/snapshot/claim.rs: claim; src/sys/linux/snapshot/claims.rs: claim */
inline try_claim(when) {
    step(claim, ok = claim[old] == 0 || !guard(when); only_if(ok, claim[old] = me));
    only_if(!ok, also(ask))
}
/* src/snapshot/create.rs: take */
inline take() {
    do
    :: step(open_name, old = entry);
       only_if(old == 0, break);
       also(inspect); try_claim(claimed_when_taken);
       if
       :: !ok ->
           step(inspect, ok = old != entry && guard(busy_only_with_a_name));
           if :: ok -> ok = false; also(close); shut(old)
              :: else -> assert(old == entry); goto failed fi
       :: else ->
           step(inspect, ok = old != entry && guard(name_after_the_claim));
           also(read_header); was = mark[old];
           if :: ok -> ok = false; retire(); step(close, release(old)) :: else -> break fi
       fi
    od
}

/* src/snapshot/create.rs: make */
inline make() {
    access(own = NEW; slot[own] = 1; last[own] = 1; mark[own] = false;
        only_if(guard(claimed_before_the_name), claim[own] = me));
    also(claim)
}

proctype writer() {
    byte i;
    bool ok, was, creates, opens, replaces;
    atomic {
    turn[me]?0; goto begin;
killed:
    happened(failure); writes[me] = false; idle[me] = false; shut(own); shut(old);
begin:
    ok = false; was = false; creates = false; opens = false; replaces = false;
    between_operations;
    wait_for_turn();
    count_operation;
    if
    :: goto reap
    :: may_create -> creates = true
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
            assert(old == entry); only_if(guard(open_wakes_again), retire()); goto failed
        fi
    :: else
    fi;
    /* src/snapshot/create.rs: create_with; src/complete/draft.rs: publish */
    make();
    step(give_name, ok = entry == 0; only_if(ok, entry = own; event = watching; begin_to_write()));
    only_if(!ok, step(close, shut(own));
        if :: opens || replaces -> goto again :: else -> goto failed fi);
    only_if(!guard(claimed_before_the_name), step(claim, claim[own] = me));
    goto write;
put_in_place:
    /* src/snapshot/create.rs: put_in_place; src/object/unlink.rs: is_same */
    make();
    also(inspect); step(look, assert(old == entry));
    only_if(guard(replace_retires_first), retire());
    if
    :: step(rename, take_name_away(); entry = own; event = watching; begin_to_write())
    :: also(rename); restore(); also(close); shut(own); goto failed
    fi;
    only_if(!guard(replace_retires_first), retire());
    step(close, release(old));
    goto write;
take_over:
    /* src/snapshot/create.rs: take_over; src/snapshot/seqlock.rs: adopt */
    also(inspect);
    own = old; old = 0; begin_to_write();
    only_if(guard(taken_over_publishes), access(last[own] = slot[own]));
    only_if(guard(taken_over_wakes), wake_readers(own));
write:
    ok = false; was = false; creates = false; opens = false; replaces = false;
    between_operations;
    idle[me] = true; wait_for_turn(); idle[me] = false;
    if
    :: goto killed
    :: slot[own] < VALUES ->
        /* src/snapshot/seqlock.rs: store; src/snapshot/writer.rs: notify */
        access(slot[own]++); access(last[own] = slot[own]); between_operations;
        wake_readers(own); goto write
    :: goto drop
    :: /* src/snapshot/writer.rs: retire */
        publish(true); goto drop
    :: skip
    fi;
    /* src/snapshot/writer.rs: finish_with; src/object/unlink.rs: unlink_if_same */
    only_if(guard(finish_retires_first), publish(true));
    also(inspect); step(look, assert(own == entry));
    if
    :: step(unlink_name, take_name_away(); entry = 0);
       only_if(!guard(finish_retires_first), publish(true))
    :: also(unlink_name); publish(false)
    fi;
drop:
    step(close, writes[me] = false; release(own));
    goto begin;
reap:
    /* src/snapshot/claim.rs: reap_with */
    step(open_name, old = entry);
    only_if(old == 0, goto failed);
    also(inspect); try_claim(claimed_when_reaped);
    only_if(!ok, goto failed);
    also(read_header); was = mark[old];
    only_if(guard(reap_retires_first), retire());
    also(inspect); step(look, ok = old == entry || !guard(identity_of_what_is_reaped));
    if
    :: ok -> step(unlink_name, take_name_away(); entry = 0);
       only_if(!guard(reap_retires_first), retire())
    :: ok -> also(unlink_name); restore()
    :: !ok -> also(inspect)
    fi;
failed:
    only_if(old, step(close, release(old)));
    goto begin
    }
}

proctype reader() {
    bool is_marked, ok;
    atomic {
    turn[me]?0; between_operations;
search:
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
    only_if(!watching,
        look_(watch, watching = true); only_if(guard(look_after_the_watch), goto search));
    /* src/sys/linux/snapshot/waiting.rs: wait_readable */
    only_if(!guard(events_before_the_look), look_(read_events, event = false));
    polling = true;
    do :: load(skip); only_if(event || restored && guard(look_each_second), break) od;
    polling = false; also(poll);
    only_if(event && guard(events_before_the_look), look_(read_events, event = false));
    goto search;
attached:
    only_if(watching, also(close)); watching = false; event = false;
    between_operations;
    do
    ::  /* src/snapshot/seqlock.rs: look; src/snapshot/seqlock.rs: has_newer */
        only_if(!guard(header_before_the_slot), load(ok = slot[read] > returned));
        load(seen = last[read]; is_marked = mark[read]);
        only_if(guard(header_before_the_slot), load(ok = slot[read] > returned));
        if
        :: ok ->
            /* src/snapshot/reader.rs: load_next */
            ok = false; seen = 0; is_marked = false;
            load(returned = slot[read]); between_operations
        :: !ok && is_marked -> break
        :: !ok && !is_marked ->
            /* src/snapshot/word.rs: sleep */
            load(asleep = !mark[read] && last[read] == seen || !guard(sleep_on_what_was_seen));
            do :: load(skip); only_if(!asleep, break) od;
            seen = 0; also(sleep)
        fi
    od;
    read = 0; returned = 0; seen = 0; is_marked = false;
    between_operations;
    goto search
    }
}

init {
    atomic {
        byte p;
        choose_removed();
        for (p : 1 .. WRITERS) { run writer() }
        run reader();
        for (p : 1 .. WORKERS) { run turns(p) }
        p = 0
    }
}
