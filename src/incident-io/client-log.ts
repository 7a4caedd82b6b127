/** Where the client logs. pino's loggers fit. */
export interface ClientLog {
  warn(facts: object, message: string): void;
}
