-- Sends the requests of a file in turn, and says what came of it as one line of JSON.
--
-- Arguments after "--": file of requests, first request to send, first number for @COUNTER, most requests to
-- send (0 for no end).
-- The file holds METHOD, PATH and BODY of a request on each line, separated by tabs.

local ffi = require("ffi")
ffi.cdef("typedef struct { long seconds; long micros; } moment; int gettimeofday(moment *, void *);")

local placeholder = "@COUNTER"
local threads = {}

local function now_us()
  local moment = ffi.new("moment[1]")
  ffi.C.gettimeofday(moment, nil)
  return tonumber(moment[0].seconds) * 1000000 + tonumber(moment[0].micros)
end

function setup(thread)
  table.insert(threads, thread)
end

function init(args)
  lines, position, counter, most = {}, tonumber(args[2]), tonumber(args[3]), tonumber(args[4])
  sent, began_us, exhausted_us = 0, 0, 0
  local headers = { ["Host"] = wrk.headers["Host"], ["Accept"] = "application/json" }
  local with_body = { ["Host"] = wrk.headers["Host"], ["Accept"] = "application/json",
                      ["Content-Type"] = "application/json" }
  for line in io.lines(args[1]) do
    local method, path, body = line:match("^(%S+)\t(%S+)\t(.*)$")
    local is_counted = body:find(placeholder, 1, true) ~= nil
    local text = body == "" and wrk.format(method, path, headers) or wrk.format(method, path, with_body, body)
    table.insert(lines, { text, is_counted })
  end
end

function request()
  -- The first call only lets wrk see what a request looks like.
  if began_us == 0 then
    began_us = now_us()
    return lines[1][1]
  end
  local line = lines[position + 1]
  position = position + 1
  sent = sent + 1
  if position == #lines then position = 0 end
  if sent == most then
    exhausted_us = now_us()
    wrk.thread:stop()
  end
  if line[2] then
    counter = counter + 1
    return (line[1]:gsub(placeholder, string.format("%08x", counter % 4294967296)))
  end
  return line[1]
end

function done(summary, latency, requests)
  local total, duration_us = 0, summary.duration
  for _, thread in ipairs(threads) do
    total = total + thread:get("sent")
    -- wrk itself counts the time until the end that it was told, idle or not.
    local exhausted_us = thread:get("exhausted_us")
    if exhausted_us > 0 then duration_us = exhausted_us - thread:get("began_us") end
  end
  local errors = summary.errors
  io.write(string.format(
    '{"requests": %d, "duration_us": %d, "p50_us": %d, "p99_us": %d, "p999_us": %d, "longest_us": %d, ' ..
    '"refused": %d, "broken": %d, "sent": %d}\n',
    summary.requests, duration_us, latency:percentile(50), latency:percentile(99), latency:percentile(99.9),
    latency.max, errors.status, errors.connect + errors.read + errors.write + errors.timeout, total))
end
