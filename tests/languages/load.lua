-- As load.py, for the FFI of LuaJIT.
local ffi = require("ffi")
ffi.cdef(assert(io.open(arg[1])):read("*a"))
local tg = ffi.load("libtigergraph_auth.so.0.1")
local count = 0
for line in io.lines() do
    local name, value = line:match("^(%S+) ?(%S*)$")
    if value ~= "" then
        assert(tg[name] == tonumber(value), name .. " is " .. tostring(tg[name]))
    else
        assert(tostring(ffi.typeof(tg[name])):match("%(%)"), name .. " is no function")
    end
    count = count + 1
end
print(count .. " " .. ffi.string(tg.tg_version()))
