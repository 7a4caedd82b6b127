/** Told how far something that takes long has come; `of`: how much there is, where that is known. */
export type Progress = (what: string, done: number, of?: number) => void;
