/** Names, birthdays and addresses of customers; all follow from the seed and the number of the customer. */
import { givenNames, surnames, surnameWheel, trades } from '../data/tables.ts';
import { hash, share, stream } from '../random.ts';
import type { Population } from './build.ts';
import { identityNumber } from './numbers.ts';

export function isMale(population: Population, person: number): boolean {
  return (hash(population.seed, stream.name, person, 1) & 1) === 1;
}

const BIRTHDAYS = 336;
/** Numbers for people of one place, birthday and sex. */
const SEQUENCES = 499;

/** Place of a person within the district, from 0. */
function rankOf({ firstPerson, district }: Population, person: number): number {
  return person - (firstPerson[district[person] ?? 0] ?? 0);
}

/**
 * A birthday that fits the person's age on the first day of the simulation. Neighbours in number are apart by more than
 * half a year, and each day of the year comes as often as the others.
 */
export function birthDate(population: Population, person: number): string {
  const { age, parameters } = population;
  const year = Number(parameters.start.slice(0, 4)) - (age[person] ?? 30) - 1;
  const day = (rankOf(population, person) * 193) % BIRTHDAYS;
  return `${year}-${String(1 + Math.floor(day / 28)).padStart(2, '0')}-${String(1 + (day % 28)).padStart(2, '0')}`;
}

/** The resident number of a person: no two are the same. It names the place of birth, which may be another than that of today. */
export function residentNumber(population: Population, person: number): string {
  const { seed, district, parameters } = population;
  const place = district[person] ?? 0;
  const turn = Math.floor(rankOf(population, person) / BIRTHDAYS);
  // Where a district has more people than there are numbers for a birthday, the others were born elsewhere.
  const birthplace = place + parameters.districts * Math.floor(turn / SEQUENCES);
  const offset = hash(seed, stream.name, rankOf(population, person) % BIRTHDAYS, 11 + place) % SEQUENCES;
  const sequence = (turn * 101 + offset) % SEQUENCES;
  return identityNumber(birthplace, birthDate(population, person), sequence, isMale(population, person));
}

/** People of one household mostly share a surname; people of a village or dormitory do not. */
export function personName(population: Population, person: number): string {
  const { seed, address } = population;
  const home = address[person] ?? person;
  const ofTheFamily = person - home < 6 && share(seed, stream.name, person, 4) < 0.65;
  const surname = surnames[surnameWheel.at(share(seed, stream.name, ofTheFamily ? home : person, ofTheFamily ? 5 : 6))];
  return `${surname ?? '王'}${givenName(population, person)}`;
}

function givenName(population: Population, person: number): string {
  const { seed } = population;
  const sex = isMale(population, person) ? 'male' : 'female';
  const born = Number(birthDate(population, person).slice(0, 4));
  const era = givenNames.find((one) => one.sex === sex && one.bornFrom <= born) ?? givenNames.at(-1);
  const characters = era?.characters ?? ['明'];
  const pick = (turn: number) => characters[hash(seed, stream.name, person, turn) % characters.length] ?? '明';
  return share(seed, stream.name, person, 7) < 0.2 ? pick(8) : pick(8) + pick(9);
}

const AUSPICIOUS = [...'鑫福顺达兴隆盛旺瑞祥宏泰华源丰恒康嘉诚信和盈龙腾'];

export function companyName(population: Population, company: number): string {
  const { seed, trade, persons, district } = population;
  const pick = (turn: number) =>
    AUSPICIOUS[hash(seed, stream.name, persons + company, turn) % AUSPICIOUS.length] ?? '兴';
  const place = districtName(district[persons + company] ?? 0);
  return `${place}${pick(1)}${pick(2)}${trades[trade[company] ?? 0]?.suffixZh ?? '商行'}`;
}

const PLACES = [...'东西南北中安宁平清和'];
const WATERS = [...'江河湖山泉桥州城阳门'];

export function districtName(district: number): string {
  const first = PLACES[district % PLACES.length] ?? '东';
  const second = WATERS[Math.floor(district / PLACES.length) % WATERS.length] ?? '江';
  const round = Math.floor(district / (PLACES.length * WATERS.length));
  return `${first}${second}${round === 0 ? '' : round + 1}区`;
}

const ROADS = ['人民', '解放', '建设', '中山', '和平', '胜利', '新华', '文化', '迎宾', '滨河', '工业', '学府'];

/** Where a household lives or a company sits: the same text for all who share the number. */
export function addressText({ seed, district, address }: Population, customer: number): string {
  const home = address[customer] ?? customer;
  const road = ROADS[hash(seed, stream.address, home, 1) % ROADS.length] ?? '人民';
  const number = 1 + (hash(seed, stream.address, home, 2) % 300);
  const building = 1 + (hash(seed, stream.address, home, 3) % 20);
  const flat = (1 + (hash(seed, stream.address, home, 4) % 18)) * 100 + 1 + (hash(seed, stream.address, home, 5) % 4);
  return `${districtName(district[customer] ?? 0)}${road}路${number}号${building}幢${flat}室`;
}
