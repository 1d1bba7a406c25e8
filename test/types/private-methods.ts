// Private methods: standard decorators only.
import { failfast } from "failfast";

class Secret {
  @failfast("secret", 60)
  async #read<T>(value: T, ...more: T[]): Promise<T[]> {
    return [value, ...more];
  }

  @failfast("static secret", 60)
  static #count(n: number): number {
    return n;
  }

  read(): Promise<string[]> {
    return this.#read("a", "b");
  }

  static count(): number {
    return Secret.#count(1);
  }
}

void Secret;
