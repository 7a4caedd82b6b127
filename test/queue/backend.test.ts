import { clusterPlaces, queuePlaces } from '../support/backends.ts';
import { conformance } from './backend.conformance.ts';

for (const place of [...queuePlaces(), ...clusterPlaces()]) conformance(place);
