/* How an object gets its name, and loses it: complete creation, replacement and removal.
 *
 * Each process creates, replaces, opens and removes the object of one name, again and again, and may
 * be killed after every step: it begins anew, with nothing. The kernel then closes its descriptors,
 * which releases its locks; names stay. A `step` is a system call. Which one, with words that its
 * line in a golden trace has; the first that fits counts:
 *
 * call open_unnamed      openat( O_TMPFILE
 * call create_temporary  openat( .NAME.rawshm- O_EXCL
 * call open_temporary    openat( .NAME.rawshm- O_RDONLY
 * call open_name         openat( /NAME"
 * call probe             linkat( /dev/shm/.",
 * call initialise        ftruncate(
 * call link_both         linkat( .NAME.rawshm- /NAME"
 * call link_temporary    linkat( .NAME.rawshm-
 * call link_name         linkat( /NAME"
 * call rename_new        renameat2( RENAME_NOREPLACE
 * call rename            renameat(
 * call lock              flock( LOCK_EX|LOCK_NB
 * call unlock            flock( LOCK_UN
 * call inspect           fstat(
 * call look              newfstatat(
 * call unlink_temporary  unlinkat( .NAME.rawshm-
 * call unlink_name       unlinkat( /NAME"
 * call close             close(
 *
 * No property depends on: fallocate fchmod mmap munmap faccessat
 * The operations: Options.create_complete Options.replace Options.open_or_create_complete
 *   Object.open Object.unlink
 * Checked with: -DTEMPORARY=2 -DFEW
 */
#ifndef MAKERS
#define MAKERS 2
#endif
#define NAME 0                    /* from 1 on: its temporary names */
#ifndef TEMPORARY
#define TEMPORARY 3
#endif
#define me _pid

/* Which object a name denotes, and which ones each process has open; 0: none. */
#define REFERENCES (TEMPORARY + 1 + 2 * MAKERS)
byte reference[REFERENCES];
#define entry reference           /* by number */
#define own reference[TEMPORARY + 2 * me - 1]
#define found reference[TEMPORARY + 2 * me]

bool whole[REFERENCES + 1];       /* an object is sized and initialised */
byte lock[REFERENCES + 1];        /* which process has locked it, or 0 */
bool locks;                       /* the kernel has locks */

/* What the properties need to remember. */
byte relied[TEMPORARY + 1];       /* which process relies on the temporary name, or 0 */
byte running;                     /* how many operations are under way */
byte lone;                        /* which process runs one that no other has overlapped, or 0 */
bool gap;                         /* it began while the second temporary name was free */
bool present;                     /* the name was given, and not removed since */
byte aim[MAKERS + 1];             /* a process has found the name to be its object's, 1; the name
                                     was given to another since, 2 */

/* What can be left out with -DREMOVED=..., which must then be found. An exception of a property
 * counts as one: what the documentation excepts does happen. */
mtype:guard = {
    none,
    lock_of_the_new, loss_to_a_lock, loss_of_the_name, lock_of_the_staged,
    lock_of_what_was_left, identity_of_what_was_left, removal_on_the_way, removal_at_the_end,
    initialised_first, name_that_is_free, replaced_at_once, unlinked_after_the_link, unlocked,
    removal_after_a_failure, identity_of_what_is_removed,
    exception_of_a_gap, exception_of_a_refusal, exception_of_a_late_change
}
#ifndef REMOVED
#define REMOVED none
#endif
#define guard(one) (one != REMOVED)

/* A call that changes nothing: it is made, and no process sees it. */
#define also(call) skip

/* Another process may run before each call, or this one is killed. What follows a call belongs to
 * it: nothing else sees that. */
chan run_on[MAKERS + 1] = [0] of { bit };
#define step(call, ...) settle(); run_on[me]?_; if :: __VA_ARGS__ :: goto killed fi

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
            ok2 = whole[o]; whole[o] = whole[k]; whole[k] = ok2;
            j = lock[o]; lock[o] = lock[k]; lock[k] = j
        :: else
        fi
    }
    for (j : k + 1 .. REFERENCES) { whole[j] = false }
    i = 0; j = 0; k = 0; o = 0; ok2 = false
} }
inline shut(descriptor) {
    if :: lock[descriptor] == me -> lock[descriptor] = 0 :: else fi;
    descriptor = 0
}
inline has_name() { ok = own == entry[0] || own == entry[1] || own == entry[2] || TEMPORARY == 3 && own == entry[TEMPORARY] }
inline new_object() { own = REFERENCES }
inline try_lock(object) {
    ok = locks && lock[object] == 0;
    if :: ok -> lock[object] = me :: else fi
}
inline give_name() {              /* the old object or the new one, whole */
    assert(whole[own]);
    assert(!present || replaces);
    entry[NAME] = own; present = true;
    for (i : 1 .. MAKERS) { if :: aim[i] == 1 -> aim[i] = 2 :: else fi }
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
        if :: guard(lock_of_what_was_left) -> step(lock, try_lock(found)) :: else fi;
        if
        :: ok && guard(identity_of_what_was_left) ->
            step(look, also(inspect); ok = entry[n] == found)
        :: else
        fi;
        if :: ok -> step(unlink_temporary, remove_temporary()) :: else fi;
        step(close, shut(found); ok = true)
    :: else
    fi
}

/* src/complete/temporary.rs: create_locked */
inline create_locked() {
    step(create_temporary,
        ok = entry[n] == 0;
        if :: ok -> new_object(); entry[n] = own :: else fi);
    if
    :: ok ->
        if
        :: guard(lock_of_the_new) ->
            step(lock, try_lock(own); ok = ok || !locks || !guard(loss_to_a_lock))
        :: else
        fi;
        if
        :: ok && guard(loss_of_the_name) -> step(inspect, has_name())
        :: else
        fi;
        if :: !ok -> step(close, shut(own)) :: else fi
    :: else
    fi
}

/* src/complete/draft.rs: stage; src/complete/temporary.rs: with_free */
inline make() {
    if
    :: unnamed -> step(link_temporary, ok = entry[n] == 0; if :: ok -> entry[n] = own :: else fi)
    :: else -> create_locked()
    fi
}
inline with_free() {
    n = 1;
    do
    :: n > TEMPORARY -> n = 0; goto failed    /* EAGAIN */
    :: else ->
        make();
        if
        :: !ok && guard(removal_on_the_way) -> remove_if_left(); make()
        :: else
        fi;
        if :: ok -> relied[n] = me; break :: else -> n++ fi
    od
}

proctype maker() {
    byte n, i, j, k, o;
    bool ok, ok2, unnamed, replaces, opens, refused, busy;
killed:
    atomic {
    if :: relied[n] == me -> relied[n] = 0 :: else fi;
    shut(own); shut(found);
begin:
    if :: busy -> running-- :: else fi;
    if :: lone == me -> lone = 0; gap = false :: else fi;
    n = 0; ok = false; unnamed = false; replaces = false; opens = false; refused = false; busy = false; aim[me] = 0;
    settle(); run_on[me]?_;
    shut(own);
    if :: running == 0 -> lone = me; gap = entry[2] == 0 && guard(exception_of_a_gap) :: else -> lone = 0; gap = false fi;
    busy = true; running++;
    #ifdef FEW
    if :: replaces = true :: skip fi;
#else
    if :: goto remove :: replaces = true :: opens = true :: skip fi;
#endif
    if :: opens -> goto open :: else fi;
create:
    /* src/complete/draft.rs: begin */
    if
    :: step(probe, also(open_unnamed); new_object(); unnamed = true)
    :: step(probe, also(open_unnamed); also(probe); new_object(); unnamed = true)
    :: step(close, also(open_unnamed); also(probe); also(probe)); with_free()
    :: step(open_unnamed, skip); with_free()
    fi;
    /* src/complete/mod.rs: fill */
    if
    :: guard(initialised_first) -> step(initialise, whole[own] = true)
    :: !guard(initialised_first)
    :: goto failed
    fi;
publish:
    /* src/complete/draft.rs: publish; src/sys/linux/links.rs: rename */
    if
    :: unnamed && !replaces ->
        step(link_name, ok = entry[NAME] == 0; if :: ok -> give_name() :: else fi);
        if :: ok -> goto done :: else -> goto taken fi
    :: unnamed && replaces ->
        if :: guard(lock_of_the_staged) -> step(lock, try_lock(own)) :: else fi;
        with_free(); unnamed = false
    :: !unnamed
    fi;
    if
    :: replaces && !guard(replaced_at_once) -> step(unlink_name, entry[NAME] = 0)
    :: else
    fi;
    if
    :: replaces || !guard(name_that_is_free) ->
        step(rename, assert(entry[n] == own); give_name(); remove_temporary())
    :: !replaces ->
        step(rename_new, ok = entry[NAME] == 0;
            if :: ok -> assert(entry[n] == own); give_name(); remove_temporary() :: else fi);
        if :: !ok -> goto taken :: else fi
    :: !replaces ->
        step(rename_new, skip);
        step(link_both, ok = entry[NAME] == 0;
            if :: ok -> assert(entry[n] == own); give_name() :: else fi);
        if :: !ok -> goto taken :: else fi;
        if
        :: !guard(unlinked_after_the_link)
        :: guard(unlinked_after_the_link) -> step(unlink_temporary, remove_temporary())
        :: guard(unlinked_after_the_link) ->
            step(unlink_temporary, refused = guard(exception_of_a_refusal))
        fi;
        relied[n] = 0
    :: goto failed
    fi;
    if :: guard(unlocked) -> step(unlock, lock[own] = 0) :: else fi;
    /* src/complete/temporary.rs: remove_left */
    do
    :: n < TEMPORARY && guard(removal_at_the_end) ->
        n++; remove_if_left(); if :: !ok -> break :: else fi
    :: else -> break
    od;
    if
    :: lone == me && locks ->
        assert(entry[1] == 0 || entry[1] == own && refused);
        assert(entry[2] == 0 || entry[2] == own && refused);
        assert(entry[TEMPORARY] == 0 || entry[TEMPORARY] == own && refused || gap && TEMPORARY == 3)
    :: else
    fi;
    goto done;
taken:
    if :: !opens -> goto failed :: else fi;
open:
    /* src/complete/mod.rs: open_complete */
    step(open_name, ok = entry[NAME] != 0; assert(ok || !present); assert(!ok || whole[entry[NAME]]));
    if :: !ok && own -> goto publish :: !ok && !own -> goto create :: ok fi;
failed:
    /* src/complete/draft.rs: drop; src/object/unlink.rs: unlink_if_same */
    if
    :: n > 0 && guard(removal_after_a_failure) ->
        step(look, also(inspect); ok = entry[n] == own);
        if :: ok -> step(unlink_temporary, remove_temporary()) :: else fi
    :: else
    fi;
    if :: own -> step(close, shut(own)) :: else fi;
    goto done;
remove:
    /* src/object/options.rs: open_raw */
    step(open_name, found = entry[NAME]; ok = found != 0; assert(ok || !present));
    if
    :: ok ->
        /* src/object/unlink.rs: unlink_if_same */
        if
        :: guard(identity_of_what_is_removed) ->
            step(look, also(inspect); ok = entry[NAME] == found; aim[me] = ok)
        :: else
        fi;
        if
        :: ok ->
            step(unlink_name,
                assert(entry[NAME] == 0 || entry[NAME] == found || aim[me] == 2 && guard(exception_of_a_late_change));
                entry[NAME] = 0; present = false; aim[me] = 0)
        :: else
        fi;
        step(close, shut(found))
    :: else
    fi;
done:
    goto begin
    }
}

init {
    atomic {
        #ifndef FEW
        if :: locks = true :: locks = false fi;
#else
        locks = true;
#endif
        byte i;
        for (i : 1 .. MAKERS) { run maker() }
        i = 0
    }
    do :: run_on[1]!0 :: run_on[2]!0 od
}
