// Private methods: standard decorators only.
import assert from "node:assert/strict";
import { createFailfast } from "failfast";

const failfast = createFailfast();

class Secret {
  @failfast("secret", 60)
  async #read(): Promise<string> {
    return "read";
  }

  read(): Promise<string> {
    return this.#read();
  }
}
assert.equal(await new Secret().read(), "read");
