-- One new conversation a request; wrk runs it: wrk -s queue.lua URL -- PATH TOKEN RUN
local path, token, run, n

function init(args)
  path, token, run, n = args[1], args[2], args[3], 0
  wrk.headers["Content-Type"] = "application/json"
  wrk.headers["Authorization"] = "Bearer " .. token
end

function request()
  n = n + 1
  local body = string.format(
    '{"conversation_id":"c-%s-%d","user_message":"When do you open?","bot_id":"shop","user_id":"u-%d"}',
    run, n, n % 1000
  )
  return wrk.format("POST", path, nil, body)
end

function done(summary, latency)
  io.write(string.format(
    "RESULT %f %f %f %d\n",
    summary.requests / summary.duration * 1e6,
    latency:percentile(50) / 1000,
    latency:percentile(99) / 1000,
    summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout
  ))
end
