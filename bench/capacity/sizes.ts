/** An organisation of one size, and how it is served. */
export interface Size {
  name: string;
  incidentsPerYear: number;
  followUpsEach: number;
  /** Of all trackers together; those about follow-ups are hardly a part of them. */
  webhooksPerSecond: number;
  /** Processes that work. */
  workers: number;
  /** 0: none. */
  maxClosesPerHour: number;
  /** So many incidents have their last task done at the same moment, by one bulk edit in the tracker at noon. */
  atOnce: number;
}

/** Days of work in a year: on them everything happens. */
export const DAYS = 250;

export const sizes: readonly Size[] = [
  {
    name: 'one team',
    incidentsPerYear: 100,
    followUpsEach: 3,
    webhooksPerSecond: 0.05,
    workers: 1,
    maxClosesPerHour: 60,
    atOnce: 0,
  },
  {
    name: 'a company',
    incidentsPerYear: 5_000,
    followUpsEach: 4,
    webhooksPerSecond: 20,
    workers: 1,
    maxClosesPerHour: 60,
    atOnce: 0,
  },
  {
    name: 'the largest',
    incidentsPerYear: 100_000,
    followUpsEach: 4,
    webhooksPerSecond: 10_000,
    workers: 2,
    maxClosesPerHour: 0,
    atOnce: 0,
  },
  {
    name: 'the largest, and 2,000 incidents ready at once',
    incidentsPerYear: 100_000,
    followUpsEach: 4,
    webhooksPerSecond: 10_000,
    workers: 2,
    maxClosesPerHour: 0,
    atOnce: 2_000,
  },
];
