// How this version reads what is stored. A release is kept with its own reader, in one file.
import { decodeCircuit, decodeHold } from "../../src/protocol/codec.js";
import { encodeName } from "../../src/protocol/key.js";
import { entriesIn } from "../../src/report/audit.js";
import { decodeReport } from "../../src/report/process-report.js";

export const reader = { decodeCircuit, decodeHold, decodeReport, encodeName, entriesIn };
