import { DatabaseSync } from "node:sqlite";
import { parentPort, workerData } from "node:worker_threads";

/* Runs in a thread of its own, see integrity.ts. */
using database = new DatabaseSync(String(workerData), { readOnly: true, timeout: 5_000 });
const rows = database.prepare("PRAGMA quick_check(10)").all();
const lines = rows.map((row) => String(row["quick_check"]));
parentPort?.postMessage(lines.filter((line) => line !== "ok"));
