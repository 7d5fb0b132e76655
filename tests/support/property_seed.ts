/** Loaded before each test file: lets every property start from the seed that the runner printed. */
import fc from "fast-check";
import { seed } from "./randomness.ts";

fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: seed | 0 });
