/** The templates that come with the house. Who changes one keeps the changed one. */
import type { Template, Urgency } from './model.ts';

function template(
  code: string,
  urgency: Urgency,
  placeholders: readonly string[],
  zh: readonly [title: string, body: string],
  en: readonly [title: string, body: string],
): Template {
  return { code, urgency, placeholders, title: { zh: zh[0], en: en[0] }, body: { zh: zh[1], en: en[1] } };
}

export const shippedTemplates: readonly Template[] = [
  template(
    'approval_waiting',
    'normal',
    ['title', 'maker', 'until'],
    ['待审批：{title}', '{maker} 提交了“{title}”，等待您审批。\n\n请在 {until} 之前处理，逾期将自动失效。'],
    [
      'To approve: {title}',
      '{maker} asks for your decision on “{title}”.\n\nIt lapses if nobody decides before {until}.',
    ],
  ),
  template(
    'approval_decided',
    'normal',
    ['title', 'decision', 'checker', 'comment'],
    ['{decision}：{title}', '{checker} 对“{title}”的审批结果：{decision}。\n\n意见：{comment}'],
    ['{decision}: {title}', '{checker} has decided on “{title}”: {decision}.\n\nComment: {comment}'],
  ),
  template(
    'approval_expired',
    'normal',
    ['title'],
    ['审批已失效：{title}', '“{title}”在期限内无人审批，已自动失效，未执行任何操作。'],
    ['Lapsed: {title}', 'Nobody decided on “{title}” in time. Nothing was done.'],
  ),
  template(
    'password_changed',
    'urgent',
    ['at', 'address'],
    ['您的密码已修改', '您的密码于 {at} 从 {address} 修改。\n\n如非本人操作，请立即联系管理员。'],
    [
      'Your password was changed',
      'Your password was changed at {at} from {address}.\n\nIf it was not you, tell your administrator at once.',
    ],
  ),
  template(
    'second_factor_changed',
    'urgent',
    ['at', 'address'],
    ['您的双重验证已变更', '您的双重验证于 {at} 从 {address} 变更。\n\n如非本人操作，请立即联系管理员。'],
    [
      'Your second factor was changed',
      'It was changed at {at} from {address}.\n\nIf it was not you, tell your administrator at once.',
    ],
  ),
  template(
    'sign_in_new',
    'urgent',
    ['at', 'address', 'device'],
    ['新的登录', '您的账号于 {at} 从 {address}（{device}）登录。\n\n如非本人操作，请立即联系管理员。'],
    [
      'New sign-in',
      'You signed in at {at} from {address} ({device}).\n\nIf it was not you, tell your administrator at once.',
    ],
  ),
  template(
    'passkey_changed',
    'urgent',
    ['at', 'address'],
    ['您的通行密钥已变更', '您的通行密钥于 {at} 从 {address} 新增或删除。\n\n如非本人操作，请立即联系管理员。'],
    [
      'Your passkeys have changed',
      'A passkey was added or removed at {at} from {address}.\n\nIf it was not you, tell your administrator at once.',
    ],
  ),
  template(
    'account_locked',
    'urgent',
    ['at', 'address', 'until'],
    ['账号已锁定', '由于多次登录失败，您的账号于 {at} 被锁定至 {until}，最近一次尝试来自 {address}。'],
    [
      'Your account is locked',
      'After failed sign-ins your account was locked at {at} until {until}. The last try came from {address}.',
    ],
  ),
  template(
    'role_changed',
    'normal',
    ['role', 'unit', 'change'],
    ['您的角色已变更', '{change}：{unit} 的 {role}。'],
    ['Your roles have changed', '{change}: {role} in {unit}.'],
  ),
  template(
    'delegation_received',
    'normal',
    ['from', 'until'],
    ['您获得了代理权限', '{from} 已委托您代理其职责，截至 {until}。您以代理身份所做的操作均会注明。'],
    [
      'You stand in for a colleague',
      '{from} has delegated to you until {until}. What you do with it is recorded as such.',
    ],
  ),
  template(
    'token_expiring',
    'normal',
    ['name', 'until'],
    ['机器令牌即将到期：{name}', '令牌“{name}”将于 {until} 到期，请及时更换。'],
    ['A machine token expires: {name}', 'Token “{name}” expires at {until}. Replace it before.'],
  ),
  template(
    'job_failed',
    'urgent',
    ['job', 'code', 'at'],
    ['后台任务失败：{job}', '任务 {job} 于 {at} 失败（{code}），不再自动重试。'],
    ['A job failed: {job}', 'Job {job} failed at {at} ({code}) and is not tried again.'],
  ),
  template(
    'period_closed',
    'normal',
    ['book', 'period', 'actor'],
    ['会计期间已结账：{period}', '{actor} 已将账簿 {book} 结账至 {period}。'],
    ['Period closed: {period}', '{actor} has closed book {book} through {period}.'],
  ),
  template(
    'period_sealed',
    'normal',
    ['book', 'period', 'actor'],
    ['会计期间已封账：{period}', '{actor} 已将账簿 {book} 封账至 {period}。'],
    ['Period sealed: {period}', '{actor} has sealed book {book} through {period}.'],
  ),
  template(
    'period_reopened',
    'urgent',
    ['book', 'period', 'actor'],
    ['会计期间已重新打开：{period}', '{actor} 已重新打开账簿 {book} 的期间 {period}。'],
    ['Period re-opened: {period}', '{actor} has re-opened period {period} of book {book}.'],
  ),
];
