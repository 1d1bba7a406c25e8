// Options are changed while a circuit runs: its state stays, and the store is not asked.

export function checksOfUpdates({ plan, fail, ledger, counting }) {
  return {
    optionsChange(member, circuit, changes, update) {
      const standing = () => {
        const { state, held, revision, generation } = circuit.snapshot();
        // A listener to a transition by time may call.
        const operations = plan.listener ? 0 : member.operations;
        return JSON.stringify([state, held, revision, generation, operations]);
      };
      const before = standing();
      const { revision } = circuit.snapshot();
      const its = ledger.of(member, circuit.name);
      const { epoch } = its;
      update();
      // A transition by time was due, and a listener to it called: what that call changes is not the update's doing.
      const acted = plan.listener && its.epoch !== epoch;
      // It may find a record that it has not processed. At its first use a circuit begins to follow the store.
      const used = member.called.has(circuit.name);
      if (used && !acted && circuit.snapshot().revision === revision && standing() !== before)
        fail("an update leaves the state as it is", `${member.name}: ${before} to ${standing()}`);
      const { timeout: _, probes: __, recovery: ___, ...rule } = changes;
      if (Object.keys(rule).length > 0) counting.updated(member, circuit.name, rule);
    },
  };
}
