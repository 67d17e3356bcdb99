import { createHash } from 'node:crypto'

/** A Lua script and the SHA-1 that Redis knows it by. */
export interface Script {
  readonly source: string
  readonly sha: string
}

function script(source: string): Script {
  return { source, sha: createHash('sha1').update(source).digest('hex') }
}

// A key may hold any value. `text` returns false if there is none, and true as second value if the key has another type.
const READ = `
local function text(key)
  local value = redis.pcall('GET', key)
  if type(value) == 'table' then return false, true end
  return value, false
end
local function number(digits)
  local value = #digits <= 16 and tonumber(digits)
  return value and value <= 9007199254740991 and value or nil
end
local function parse(fence)
  local store, digits = string.match(fence or '', '^([^.|]+)%.(%d+)%.[^.|]+$')
  local version = digits and number(digits)
  if version then return store, version end
end
`

/**
 * Sets a placeholder if the store has no fence. KEYS: fence. ARGV: store id, placeholder, its TTL in ms. Returns the current fence, and
 * what was found: `ours` (another process has set one), `missing`, `foreign` (of another store) or `corrupt`.
 */
export const PLACEHOLDER: Script = script(`${READ}
local fence, wrongType = text(KEYS[1])
local store = parse(fence)
if store == ARGV[1] then return { fence, 'ours' } end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
if store then return { ARGV[2], 'foreign' } end
return { ARGV[2], (fence or wrongType) and 'corrupt' or 'missing' }
`)

/**
 * Stores one or two entries, all or none. KEYS: fence, entries. ARGV: token, TTL in ms for the placeholder of a flag that exists (0: leave
 * it), then for each entry "as of", TTL in ms and body. Returns 0 if refused, 1 if stored, 2 if stored over a corrupt entry.
 */
export const FILL: Script = script(`${READ}
local token = ARGV[1]
local _, version = parse(token)
if not version or text(KEYS[1]) ~= token then return 0 end
local kept = 1
for i = 2, #KEYS do
  local asOf = tonumber(ARGV[3 * i - 3])
  if asOf < version then return 0 end
  local old, wrongType = text(KEYS[i])
  local oldToken, digits = string.match(old or '', '^([^|]*)|(%d+)|')
  local oldAsOf = digits and number(digits)
  if oldAsOf then
    if oldToken == token and oldAsOf > asOf then return 0 end
  elseif old or wrongType then
    kept = 2
  end
end
for i = 2, #KEYS do
  local asOf, ttl, body = ARGV[3 * i - 3], ARGV[3 * i - 2], ARGV[3 * i - 1]
  redis.call('SET', KEYS[i], token .. '|' .. asOf .. '|' .. body, 'PX', ttl)
end
if version == 0 and ARGV[2] ~= '0' then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return kept
`)

/**
 * Raises the fence, unless it already has this version or a higher one. KEYS: fence, flag. ARGV: store id, version, token, TTL in ms,
 * channel, hint; with an updated record also its token, TTL in ms, body, and 1 if the hint includes it. Returns 1 if raised, 0 if not. UNLINK
 * comes first, because a full Redis (`noeviction`) refuses a script whose first write is a SET, and would keep the outdated entry.
 */
export const INVALIDATE: Script = script(`${READ}
local fence = text(KEYS[1])
local store, version = parse(fence)
if store == ARGV[1] and version >= tonumber(ARGV[2]) then return 0 end
local succeeds = ARGV[7] and fence == ARGV[7] and store == ARGV[1]
if succeeds then
  local token, digits = string.match(text(KEYS[2]) or '', '^([^|]*)|(%d+)|')
  local asOf = token == fence and number(digits)
  succeeds = not asOf or asOf <= tonumber(ARGV[2])
end
redis.call('UNLINK', KEYS[2])
redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[4])
if succeeds then redis.call('SET', KEYS[2], ARGV[3] .. '|' .. ARGV[2] .. '|' .. ARGV[9], 'PX', ARGV[8]) end
redis.call('PUBLISH', ARGV[5], ARGV[6] .. (succeeds and ARGV[10] == '1' and '|' .. ARGV[9] or ''))
return 1
`)

/**
 * Takes a listener slot or renews the holder's own; a TTL of 0 gives it back. KEYS: slots. ARGV: holder, TTL in ms. Returns 1 if the holder has
 * one now, else 0.
 */
export const LISTENER_SLOT: Script = script(`${READ}
local holder, ttl = ARGV[1], ARGV[2]
local free
for _, key in ipairs(KEYS) do
  local found, wrongType = text(key)
  if found == holder then
    if ttl ~= '0' then return redis.call('PEXPIRE', key, ttl) end
    redis.call('UNLINK', key)
    return 0
  end
  if not free and (not found or wrongType) then free = key end
end
if not free or ttl == '0' then return 0 end
redis.call('SET', free, holder, 'PX', ttl)
return 1
`)
