/**
 * Invented people whose names are as frequent as names in China are: blocks of namesakes then have the sizes they have at a
 * bank. Everything follows from a seed. And the mistakes with which one person comes to be entered twice.
 */
import type { PartyFacts } from '#systems/parties';

export interface Person extends PartyFacts {
  readonly kind: 'person';
  readonly names: readonly [string];
  readonly birthDate: string;
  readonly sex: 'female' | 'male';
  readonly phones: readonly string[];
  readonly emails: readonly string[];
  readonly divisionCodes: readonly [string];
  readonly identifiers: readonly { readonly kind: 'resident_id'; readonly country: 'CHN'; readonly value: string }[];
}

/** Numbers from 0 up to 1, the same for the same seed (mulberry32). */
export type Random = () => number;

export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Shares of surnames in per mille (公安部, 全国姓名报告): the forty largest, then the rest in falling shares. */
const SURNAMES =
  '王:71 李:70 张:67 刘:54 陈:46 杨:31 黄:23 赵:23 吴:20 周:20 徐:17 孙:16 马:15 朱:13 胡:13 郭:12 何:12 林:11 高:10 罗:10 郑:9 梁:9 谢:8 宋:8 唐:8 许:7 韩:7 邓:7 冯:7 曹:6 彭:6 曾:6 肖:6 田:6 董:5 潘:5 袁:5 蔡:5 蒋:5 余:5';
const RARE_SURNAMES =
  '于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫雷龙黎史陶贺毛郝顾龚邵万覃武钱戴严莫孔向常汤康易乔葛赖文施';
/** Whole given names that many bear, in per mille of all people. */
const GIVEN_NAMES =
  '伟:4 芳:3 秀英:4 娜:3 敏:4 静:4 丽:4 强:3 磊:3 军:3 洋:3 勇:3 艳:3 杰:3 娟:3 涛:3 明:3 超:3 秀兰:3 霞:3 平:3 刚:3 桂英:3 玉兰:2 建国:2 建华:2 红:3 玲:3 鹏:3 辉:2 婷:2 浩:2 桂兰:2 玉英:2 海燕:1 志强:2 志明:1 建军:2 淑珍:2 春梅:1';
/** Characters of given names, the most frequent first; drawn by Zipf's law. */
const CHARACTERS =
  '英华文玉秀明兰金国春红梅建平志军丽海桂芳云小林永珍德荣光生凤伟新晓成东兴庆龙杰燕辉美福霞立清宝洪学安家淑雪亮艳强民俊祥爱敏子忠正振翠莲义峰玲月国忠勇香飞凯素惠雨佳欣宇涵思梦婷浩嘉怡梓轩博瑞晨雅琪诗琳悦萱妍泽昊天宏斌波彬洁颖慧娟倩莉萍芝芬利仁良贵财富源泉江河山石松柏竹菊兰花鹏飞鹤翔启航远达胜利昌盛茂康健寿长久恒顺和睦友善信诚真实奇妙超越卓然若水静安宁心怡可儿';

interface Weighted {
  readonly texts: readonly string[];
  /** Running sums of the shares; the last is the whole. */
  readonly sums: readonly number[];
}

function weighted(pairs: readonly (readonly [string, number])[]): Weighted {
  let sum = 0;
  return {
    texts: pairs.map(([text]) => text),
    sums: pairs.map(([, share]) => {
      sum += share;
      return sum;
    }),
  };
}

function shares(list: string): [string, number][] {
  return list.split(' ').map((entry) => {
    const [text = '', share = '1'] = entry.split(':');
    return [text, Number(share)];
  });
}

const surnames = weighted([
  ...shares(SURNAMES),
  ...[...RARE_SURNAMES].map((text, place) => [text, 4.5 / (1 + place / 40)] as const),
]);
const commonGiven = weighted(shares(GIVEN_NAMES));
const COMMON_SHARE = Number(commonGiven.sums.at(-1)) / 1000;
const characters = weighted([...new Set(CHARACTERS)].map((text, place) => [text, 1 / (place + 12)] as const));

function draw({ texts, sums }: Weighted, random: Random): string {
  const target = random() * Number(sums.at(-1));
  let [low, high] = [0, sums.length - 1];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sums[middle] ?? 0) > target) high = middle;
    else low = middle + 1;
  }
  return texts[low] ?? '';
}

function givenName(random: Random): string {
  if (random() < COMMON_SHARE) return draw(commonGiven, random);
  const first = draw(characters, random);
  return random() < 0.12 ? first : first + draw(characters, random);
}

function digits(count: number, random: Random): string {
  let text = '';
  while (text.length < count) text += Math.floor(random() * 10);
  return text;
}

const pick = (from: string, random: Random): string => from[Math.floor(random() * from.length)] ?? '';

function mobile(random: Random): string {
  return `+861${pick('3589', random)}${digits(9, random)}`;
}

/** Three in five live in the twelve counties of the bank's own city, the others anywhere. */
function division(random: Random): string {
  if (random() < 0.6) return `3301${String(1 + Math.floor(random() * 12)).padStart(2, '0')}`;
  const part = (limit: number) => String(1 + Math.floor(random() * limit)).padStart(2, '0');
  return `${pick('123456', random)}${pick('1234', random)}${part(12)}${part(9)}`;
}

const FIRST_DAY = Date.UTC(1945, 0, 1);
const DAYS = 365 * 60;

function birthDate(random: Random): string {
  return new Date(FIRST_DAY + Math.floor(random() * DAYS) * 86_400_000).toISOString().slice(0, 10);
}

/** A new person; nobody known is meant. */
export function person(random: Random): Person {
  const born = birthDate(random);
  const county = division(random);
  const sex = random() < 0.5 ? 'female' : 'male';
  const serial = Math.floor(random() * 500) * 2 + (sex === 'male' ? 1 : 0);
  const number = `${county}${born.replaceAll('-', '')}${String(serial).padStart(3, '0')}${pick('0123456789X', random)}`;
  return {
    kind: 'person',
    names: [draw(surnames, random) + givenName(random)],
    birthDate: born,
    sex,
    // One in twenty shares the number of a household of a few thousand such numbers.
    phones: [random() < 0.05 ? `+86139${String(Math.floor(random() * 25_000)).padStart(8, '0')}` : mobile(random)],
    emails: random() < 0.3 ? [`${digits(9, random)}@example.com`] : [],
    divisionCodes: [county],
    identifiers: [{ kind: 'resident_id', country: 'CHN', value: number }],
  };
}

/** Characters of the same sound, both ways, and simplified characters as they are written elsewhere. */
const HOMOPHONES = new Map(
  [...'晓小佳嘉婷庭颖英伟玮丽莉敏闽静靖强墙军君杰洁明鸣华桦建健志智海亥文雯'].map((c, i, all) => [c, all[i ^ 1] ?? c]),
);
const TRADITIONAL = new Map(
  Object.entries({
    张: '張',
    刘: '劉',
    陈: '陳',
    杨: '楊',
    黄: '黃',
    赵: '趙',
    吴: '吳',
    伟: '偉',
    丽: '麗',
    国: '國',
    华: '華',
    兰: '蘭',
    军: '軍',
    马: '馬',
    孙: '孫',
    罗: '羅',
    郑: '鄭',
    谢: '謝',
    许: '許',
    韩: '韓',
    红: '紅',
    晓: '曉',
    东: '東',
    兴: '興',
    庆: '慶',
    龙: '龍',
    杰: '傑',
    辉: '輝',
  }),
);

type Mistake = (person: Person, random: Random) => Partial<PartyFacts>;

/** How a person comes again; none brings a document along. */
export const MISTAKES: Readonly<Record<string, Mistake>> = {
  new_phone: (_, random) => ({ phones: [mobile(random)] }),
  new_phone_and_address: (_, random) => ({ phones: [mobile(random)], divisionCodes: [division(random)] }),
  no_phone_no_address: () => ({ phones: [], divisionCodes: [], emails: [] }),
  traditional_characters: ({ names: [name] }, random) => ({
    names: [[...name].map((c) => TRADITIONAL.get(c) ?? c).join(' ')],
    phones: [mobile(random)],
  }),
  homophone: ({ names: [name] }) => ({
    names: [[...name].map((c, at) => (at > 0 ? (HOMOPHONES.get(c) ?? c) : c)).join('')],
  }),
  other_character: ({ names: [name] }, random) => ({ names: [name.slice(0, -1) + draw(characters, random)] }),
  birth_day_wrong: ({ birthDate: born }, random) => ({
    birthDate: born.slice(0, 8) + String(1 + Math.floor(random() * 28)).padStart(2, '0'),
  }),
  birth_year_wrong: ({ birthDate: born }, random) => ({
    birthDate: `19${5 + Math.floor(random() * 5)}${born.slice(3)}`,
  }),
  no_birth_date: () => ({ birthDate: null }),
};

/** The same person as entered a second time. */
export function again(of: Person, mistake: Mistake, random: Random): PartyFacts {
  return { ...of, identifiers: [], ...mistake(of, random) };
}
