// Two providers of the same data: while the first is down it is not asked, and the second answers.
import { failfast, firstAvailable } from "failfast";

const providers = {
  primary: async () => {
    throw new Error("the primary is down");
  },
  secondary: async (question) => `the secondary's answer to "${question}"`,
};
const circuits = [failfast("primary", 60), failfast("secondary", 60)];
const ask = (question) =>
  firstAvailable(circuits, (circuit) => {
    console.log(`asking the ${circuit.name}`);
    return providers[circuit.name](question);
  });

console.log(await ask("how many?"));
console.log(await ask("how much?"));
