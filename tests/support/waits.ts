/** A program that does nothing until its input ends. */
import process from "node:process";

process.stdin.resume();
