/** Called with how far a long operation has got; `of`: how much there is, if known. */
export type OnProgress = (what: string, done: number, of?: number) => void;
