/* How an object gets its name, and loses it: complete creation, replacement and removal.
 *
 * Two processes create, replace, open and remove the object of one name, again and again.
 *
 * The operations: Options.create_complete Options.replace Options.open_or_create_complete
 *   Object.open Object.unlink
 * Checked with: -DTEMPORARY=2 -DFEW
 * Claims about time, and guards without which each fails:
 *   left_names_go: removal_on_the_way removal_at_the_end
 */
#define WORKERS 2
#ifndef TEMPORARY
#define TEMPORARY 3               /* how many temporary names there are: entry[1] and so on */
#endif
#define REFERENCES (TEMPORARY + 1 + 2 * WORKERS)
#define OF_OBJECTS(each) each(whole) each(lock)
bool whole[REFERENCES + 1];       /* an object is sized and initialised */
byte lock[REFERENCES + 1];        /* which process has locked it, or 0 */
bool locks;                       /* the kernel has locks */
#define always() skip
#include "steps.pml"
#define NAME 0
#define entry reference
#define own reference[TEMPORARY + 2 * me - 1]
#define found reference[TEMPORARY + 2 * me]

mtype:guard = {
    lock_of_the_new, loss_to_a_lock, loss_of_the_name, lock_of_the_staged,
    lock_of_what_was_left, identity_of_what_was_left, removal_on_the_way, removal_at_the_end,
    initialised_first, name_that_is_free, replaced_at_once, unlinked_after_the_link, unlocked,
    removal_after_a_failure, identity_of_what_is_removed,
    /* Exceptions of properties: what the documentation excepts does happen. */
    exception_of_a_gap, exception_of_a_refusal, exception_of_a_late_change
}

/* What the properties need to remember. */
byte relied[TEMPORARY + 1];       /* which process relies on the temporary name, or 0 */
byte running;                     /* how many operations are under way */
byte lone;                        /* which process runs one that no other has overlapped, or 0 */
bool gap;                         /* it began while the second temporary name was free */
bool present;                     /* the name was given, and not removed since */
byte aim[WORKERS + 1];            /* a process has found the name to be its object's, 1; the name
                                     was given to another since, 2 */
#define is_gone(n) (entry[n] == 0 || entry[n] == own && refused)

/* After the last kill and refusal, a name that was left goes, if operations are completed. */
#define goes(n) []<> (!entry[n] || relied[n] || failure)
#ifdef LIVE
ltl left_names_go { []<> success -> (goes(1) && goes(2)) }
#endif

inline shut(descriptor) {
    if :: lock[descriptor] == me -> lock[descriptor] = 0 :: else fi;
    descriptor = 0
}
inline try_lock(object) {
    ok = locks && lock[object] == 0;
    if :: ok -> lock[object] = me :: else fi
}
inline give_name() {              /* the old object or the new one, whole */
    assert(whole[own]); assert(!present || replaces); assert(n == 0 || entry[n] == own);
    entry[NAME] = own; present = true;
    for (i : 1 .. WORKERS) { if :: aim[i] == 1 -> aim[i] = 2 :: else fi }
}
inline remove_temporary() {       /* of no process that relies on it */
    assert(relied[n] == 0 || relied[n] == me);
    entry[n] = 0; relied[n] = 0
}

/* src/complete/temporary.rs: remove_if_left; src/object/unlink.rs: unlink_if_same */
inline remove_if_left() {
    step(open_temporary, found = entry[n]; ok = found != 0);
    if
    :: ok ->
        only_if(guard(lock_of_what_was_left), step(lock, try_lock(found)));
        if
        :: ok && guard(identity_of_what_was_left) ->
            also(inspect); step(look, ok = entry[n] == found)
        :: else
        fi;
        only_if(ok, step(unlink_temporary, remove_temporary()));
        step(close, shut(found); ok = true)
    :: else
    fi
}

/* src/complete/temporary.rs: create_locked */
inline create_locked() {
    step(create_temporary, ok = entry[n] == 0; only_if(ok, own = NEW; entry[n] = own));
    if
    :: ok ->
        only_if(guard(lock_of_the_new),
            step(lock, try_lock(own); ok = ok || !locks || !guard(loss_to_a_lock)));
        if
        :: ok && guard(loss_of_the_name) ->
            step(inspect, ok = false; for (i : 0 .. TEMPORARY) { ok = ok || own == entry[i] })
        :: else
        fi;
        only_if(!ok, step(close, shut(own)))
    :: else
    fi
}

/* src/complete/draft.rs: stage; src/complete/temporary.rs: with_free */
inline make() {
    if
    :: unnamed -> step(link_temporary, ok = entry[n] == 0; only_if(ok, entry[n] = own))
    :: else -> create_locked()
    fi
}
inline with_free() {
    n = 1;
    do
    :: n > TEMPORARY -> n = 0; goto failed    /* EAGAIN */
    :: else ->
        make();
        only_if(!ok && guard(removal_on_the_way), remove_if_left(); make());
        if :: ok -> relied[n] = me; break :: else -> n++ fi
    od
}

proctype maker() {
    byte n, i;
    bool ok, unnamed, replaces, opens, refused, busy;
    atomic {
    turn[me]?0; goto begin;
killed:
    happened(failure); shut(own); shut(found);
begin:
    /* An operation ends, and the next one begins. */
    for (i : 1 .. TEMPORARY) { only_if(relied[i] == me, relied[i] = 0) }
    only_if(busy, running--);
    only_if(lone == me, lone = 0; gap = false);
    n = 0; i = 0; ok = false; unnamed = false; replaces = false; opens = false; refused = false;
    busy = false; aim[me] = 0;
    between_operations;
    wait_for_turn();
    shut(own);
    if :: running == 0 -> lone = me; gap = entry[2] == 0 && guard(exception_of_a_gap)
       :: else -> lone = 0; gap = false fi;
    busy = true; running++;
#ifdef LIVE
    replaces = true; lone = 0; running = 0; gap = false;
#elif defined(FEW)
    if :: replaces = true :: skip fi;
#else
    if :: goto remove :: opens = true; goto open :: replaces = true :: skip fi;
#endif
create:
    /* src/complete/draft.rs: begin */
    also(open_unnamed);
    if
    :: step(probe, own = NEW; unnamed = true)
    :: also(probe); step(probe, own = NEW; unnamed = true)
    :: also(probe); also(probe); step(close, skip); with_free()
    :: with_free()
    fi;
    /* src/complete/mod.rs: fill */
    if
    :: guard(initialised_first) -> step(initialise, whole[own] = true)
    :: !guard(initialised_first)
    :: goto failed
    :: also(initialise); goto failed
    fi;
publish:
    /* src/complete/draft.rs: publish; src/sys/linux/links.rs: rename */
    if
    :: unnamed && !replaces ->
        step(link_name, ok = entry[NAME] == 0; only_if(ok, give_name()));
        if :: ok -> goto begin :: else -> goto taken fi
    :: unnamed && replaces ->
        only_if(guard(lock_of_the_staged), step(lock, try_lock(own)));
        with_free(); unnamed = false
    :: !unnamed
    fi;
    only_if(replaces && !guard(replaced_at_once), step(unlink_name, entry[NAME] = 0));
    if
    :: replaces || !guard(name_that_is_free) -> step(rename, give_name(); remove_temporary())
    :: !replaces ->
        step(rename_new, ok = entry[NAME] == 0; only_if(ok, give_name(); remove_temporary()));
        only_if(!ok, goto taken)
    :: !replaces ->
        also(rename_new);
        step(link_both, ok = entry[NAME] == 0; only_if(ok, give_name()));
        only_if(!ok, goto taken);
        if
        :: !guard(unlinked_after_the_link)
        :: guard(unlinked_after_the_link) -> step(unlink_temporary, remove_temporary())
        :: guard(unlinked_after_the_link) ->
            step(unlink_temporary, refused = guard(exception_of_a_refusal); happened(failure))
        fi;
        relied[n] = 0
    :: also(rename); goto failed
    fi;
    only_if(guard(unlocked), step(unlock, lock[own] = 0));
    /* src/complete/temporary.rs: remove_left */
    do
    :: n < TEMPORARY && guard(removal_at_the_end) -> n++; remove_if_left(); only_if(!ok, break)
    :: else -> break
    od;
    happened(success);
    only_if(lone == me && locks,
        assert(is_gone(1)); assert(is_gone(2));
        assert(is_gone(TEMPORARY) || gap && TEMPORARY == 3));
    goto begin;
taken:
    only_if(!opens, goto failed);
open:
    /* src/complete/mod.rs: open_complete */
    step(open_name, ok = entry[NAME] != 0;
        assert(ok || !present); assert(!ok || whole[entry[NAME]]));
    if :: !ok && own -> goto publish :: !ok && !own -> goto create :: ok -> also(inspect) fi;
failed:
    /* src/complete/draft.rs: drop; src/object/unlink.rs: unlink_if_same */
    if
    :: n > 0 && guard(removal_after_a_failure) ->
        also(inspect); step(look, ok = entry[n] == own);
        only_if(ok, step(unlink_temporary, remove_temporary()))
    :: else
    fi;
    assert(n == 0 || entry[n] != own);
    only_if(own, step(close, shut(own)));
    goto begin;
remove:
    /* src/object/options.rs: open_raw */
    step(open_name, found = entry[NAME]; ok = found != 0; assert(ok || !present));
    only_if(!ok, goto begin);
    also(inspect);
    between_operations;
    /* src/object/unlink.rs: unlink_if_same */
    if
    :: guard(identity_of_what_is_removed) ->
        also(inspect); step(look, ok = entry[NAME] == found; aim[me] = ok)
    :: else
    fi;
    only_if(ok, step(unlink_name,
        assert(entry[NAME] == 0 || entry[NAME] == found
            || aim[me] == 2 && guard(exception_of_a_late_change));
        entry[NAME] = 0; present = false; aim[me] = 0));
    between_operations;
    step(close, shut(found));
    goto begin
    }
}

init {
    atomic {
        choose_removed();
#if defined(FEW) || defined(LIVE)
        locks = true;
#else
        if :: locks = true :: locks = false fi;
#endif
        run maker(); run maker();
        run turns(1); run turns(2)
    }
}
