// Where Debian has Chromium: the one without a window starts in half of the time. `undefined`: neither is installed.
import { existsSync } from "node:fs";

const PROGRAMS = ["/usr/bin/chromium-headless-shell", "/usr/bin/chromium"];

export const chromiumProgram = PROGRAMS.find((program) => existsSync(program));
