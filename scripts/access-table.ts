/** `npm run access-table`: writes `test/access.csv` from the routes as they are. Read the difference before committing it. */
import { writeFileSync } from 'node:fs';
import { tableFile, tableOf } from '../test/access-rows.ts';
import { wholeHouse } from '../test/whole-house.ts';

const closing: (() => Promise<void>)[] = [];
const { routes } = await wholeHouse({ after: (work) => void closing.push(work) });
writeFileSync(tableFile, tableOf(routes));
console.log(`${routes.length} routes`);
for (const close of closing.reverse()) await close();
