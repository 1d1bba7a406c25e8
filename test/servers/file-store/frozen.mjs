// A process of a fleet that is frozen and resumed: it prints how many of eight calls reached the backend.
import { createFailfast, isFailfastError } from "failfast";
import { fileStore } from "failfast/file";

const failfast = createFailfast({ store: fileStore(process.argv[2]) });
const circuit = failfast("x", 60);

process.on("message", async () => {
  await failfast.ready();
  let reached = 0;
  for (let call = 0; call < 8; call++) {
    await circuit
      .run(() => reached++)
      .catch((error) => {
        if (!isFailfastError(error)) throw error;
      });
  }
  process.send(reached);
});

await failfast.ready();
process.send("ready");
