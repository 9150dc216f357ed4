import { DatabaseSync } from "node:sqlite";
import { parentPort, workerData } from "node:worker_threads";

/* Runs in a thread of its own, see integrity.ts. */
using database = new DatabaseSync(String(workerData), { readOnly: true, timeout: 5_000 });
const rows = database.prepare("PRAGMA quick_check(10)").all();
const problems = rows.map((row) => String(row["quick_check"])).filter((line) => line !== "ok");
parentPort?.postMessage(problems, []);
