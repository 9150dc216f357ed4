import { Option } from "@commander-js/extra-typings";
import { wholeNumber } from "./numbers.ts";

const defaultPriority = 100;
const mostPriority = 1_000_000;

export function priorityOption(): Option<"--priority <number>", undefined, 100, number> {
  return new Option("--priority <number>", "smaller ones are asked first")
    .argParser(wholeNumber(mostPriority))
    .default(defaultPriority);
}
