-- The same GET again and again; wrk runs it: wrk -s get.lua URL -- TOKEN
function init(args)
  if args[1] then wrk.headers["Authorization"] = "Bearer " .. args[1] end
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
