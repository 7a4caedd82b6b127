import { OperationError } from '../operations/operation.ts';

/** A command was given a wrong argument, or lacks one. */
export class MisusedError extends OperationError {}
