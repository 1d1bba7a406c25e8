/*
 * The lease of a half-open circuit, for the model checker SPIN: three processes, a store that compares and swaps,
 * a backend that is well from some time on. It claims what a search to a depth can't: in every fair run, however
 * long, the circuit is closed in the end and stays so.
 *
 * Revisions are counted by nobody here: a process is `stale` once another has written, and until it hears of that its
 * swaps are refused.
 *
 *   spin -a lease.pml && gcc -O2 -DNFAIR=3 -o pan pan.c && ./pan -a -f -N heals
 *
 * Callers that can't wait for a lease ask for it all the same: the next call uses it, if it comes in time. Where calls are
 * rare none does. So whoever finds that a lease went unused probes at once, while it asks again.
 *
 * Each of these has to be found: with -DENDLESS a lease has no end, with -DUNFENCED swaps don't compare, with
 * -DCONSTANT leases that lapsed don't get longer, so that probes slower than them never close it; with -DUNUSED callers
 * that can't wait ask again and again, and nobody probes.
 */
#define N 3
/* Who held a lease and crashed: what starts again is another owner. */
#define DEAD (N + 1)

mtype = { CLOSED, OPEN, HALF_OPEN };

/* What the store holds: nobody has the lease where the owner is N. */
mtype state = CLOSED;
byte owner = N;
/* The open time, or the lease, has run out. */
bool over = true;

/* What each process knows. */
mtype known[N] = CLOSED;
bool stale[N];
bool probing[N];

/* Leases in a row that ran out under a probe; after so many they are longer than any call. */
byte lapsed;
#define LONG 2

bool well;
byte crashes = 1;
byte abandoned = 1;
byte outages = 1;

inline write(what, whose, ended) {
  state = what; owner = whose; over = ended;
  i = 0;
  do
  :: i < N -> stale[i] = (i != me); i++
  :: else -> break
  od;
  known[me] = what; i = 0
}

/* A swap: nothing, where another wrote meanwhile. */
inline swap(what, whose, ended) {
#ifdef UNFENCED
  write(what, whose, ended)
#else
  if
  :: !stale[me] -> write(what, whose, ended)
  :: else -> skip
  fi
#endif
}

/* A lease of this process begins: how many in a row had no outcome before it. */
inline lapse() {
  if
  :: state == HALF_OPEN && owner != N && lapsed < LONG -> lapsed++
  :: state == HALF_OPEN && owner != N && lapsed == LONG -> skip
  :: else -> lapsed = 0
  fi
}

active [N] proctype Member() {
  byte me = _pid;
  byte i;
end:
  do
  /* It hears what the store holds: whose lease it is not any more, ceases to probe. */
  :: atomic { stale[me] -> stale[me] = false; known[me] = state;
       if
       :: owner != me -> probing[me] = false
       :: else -> skip
       fi }
  /* A call fails. */
  :: atomic { known[me] == CLOSED && !well -> known[me] = OPEN; swap(OPEN, N, false) }
  /* The time is up: a caller waits for the lease, or finds that the last one went unused, and probes. */
  :: atomic { known[me] != CLOSED && over && !probing[me] && !stale[me] ->
       lapse(); write(HALF_OPEN, me, false); probing[me] = true }
  /* A caller that can't wait asks for the lease, and does not probe. */
#ifdef UNUSED
  :: atomic { known[me] != CLOSED && over && !probing[me] && !stale[me] ->
#else
  :: atomic { known[me] != CLOSED && over && !probing[me] && !stale[me] && (state == OPEN || owner == N) ->
#endif
       lapse(); write(HALF_OPEN, me, false) }
  /* The next call uses it, if it comes while it runs. */
  :: atomic { known[me] == HALF_OPEN && owner == me && !over && !probing[me] && !stale[me] -> probing[me] = true }
  /* The probe ends: with an outcome, or with none. */
  :: atomic { probing[me] -> probing[me] = false;
       assert(stale[me] || owner == me);
       if
       :: well -> known[me] = CLOSED; swap(CLOSED, N, true)
       :: !well -> known[me] = OPEN; swap(OPEN, N, false)
       :: abandoned > 0 -> abandoned--; swap(HALF_OPEN, N, true)
       fi;
       assert(state != CLOSED || known[me] == CLOSED || stale[me]) }
  /* It crashes, and starts again with nothing. */
  :: atomic { crashes > 0 -> crashes--; probing[me] = false; known[me] = CLOSED; stale[me] = true;
       if
       :: owner == me -> owner = DEAD
       :: else -> skip
       fi }
  od
}

active proctype Time() {
end:
  do
#ifdef ENDLESS
  :: atomic { !over && state == OPEN -> over = true }
#elif defined(CONSTANT)
  :: atomic { !over -> over = true }
#else
  :: atomic { !over && (state == OPEN || lapsed < LONG || owner >= N || !probing[owner]) -> over = true }
#endif
  /* Time goes on also where nothing else does, so that a run that is stuck is one without an end. */
  :: else -> skip
  od
}

active proctype Backend() {
end:
  do
  :: atomic { well && outages > 0 -> outages--; well = false }
  :: !well -> well = true
  od
}

ltl heals { (<>[] well) -> (<>[] (state == CLOSED)) }
/* What closes is a probe's outcome: from open it is half-open first. */
ltl probed { [] ((state == OPEN) -> ((state == OPEN) W (state == HALF_OPEN))) }
