/* What both models are made of: processes that run one step at a time, and may be killed.
 *
 * A `step` is a system call; what follows it, up to the next one, belongs to it, and no process
 * sees anything in between. `also` is a call that no process sees at all. A process is killed
 * before a step: the kernel closes its descriptors, and it begins anew, with nothing.
 */
#define me _pid                   /* the workers come first, from 1 on */
byte reference[REFERENCES];       /* which object a name, descriptor or mapping is of, or 0 */
#define NEW REFERENCES            /* the number of one that has just been made */

/* What can be left out, which must then be found; which one is chosen when the checker runs. */
byte removed;
#ifdef REMOVED
#define choose_removed() removed = REMOVED
#else
#define choose_removed() c_code { now.removed = getenv("REMOVED") ? atoi(getenv("REMOVED")) : 0; }
#endif
#define guard(one) (removed != one)

/* For claims about time: whether the last step was a kill, or another reason to begin again; and
 * whether it ended an operation that had to do what is claimed. */
#ifdef LIVE
bool failure, success;
#define happened(what) what = true
#define forget_events failure = false; success = false
#else
#define happened(what) skip
#define forget_events skip
#endif

/* A test that follows golden traces has other definitions of these. */
#ifndef called
#define called(call) skip
#define can_be_killed true
#define can_run(who) true
#define between_operations skip
#endif

#define only_if(condition, ...) if :: condition -> __VA_ARGS__ :: else fi
chan turn[WORKERS + 1] = [0] of { bit };
chan stop = [0] of { bit };
#define wait_for_turn() stop!0; turn[me]?0
#define access(...) wait_for_turn(); if :: __VA_ARGS__ :: can_be_killed -> goto killed fi
#define step(call, ...) access(called(call); __VA_ARGS__)
#define also(call) called(call)

/* The scheduler, one for each worker, so that weak fairness of the checker is fairness to workers.
 * An object's number is the place of its first reference, so that two states that differ in numbers
 * alone are one; an object without references is gone. */
#define exchange(what) j = what[o]; what[o] = what[k]; what[k] = j;
#define forget(what) what[j] = 0;
proctype turns(byte who) {
    byte i, j, k, o;
    do
    :: atomic {
        can_run(who);
        forget_events;
        turn[who]!0; stop?0;
        d_step {
            for (i : 0 .. REFERENCES - 1) {
                o = reference[i];
                if
                :: o > k ->
                    k++;
                    if
                    :: o != k ->
                        for (j : i .. REFERENCES - 1) {
                            if
                            :: reference[j] == o -> reference[j] = k
                            :: reference[j] == k -> reference[j] = o
                            :: else
                            fi
                        }
                        OF_OBJECTS(exchange)
                    :: else
                    fi
                :: else
                fi
            }
            for (j : k + 1 .. REFERENCES) { OF_OBJECTS(forget) }
            i = 0; j = 0; k = 0; o = 0;
            always()
        } }
    od
}
