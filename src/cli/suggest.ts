export { editDistance, nearest } from '../suggest.ts';
