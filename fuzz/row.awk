# A row of RUNS.md: what it says already, and what stands in the log of the run behind the lines that it counts.
#     awk -v row="| texts | claims | 5 | ..." -v lines=40 -v counted_at=TIME -v until=TIME -v kept=12 -f row.awk LOG
# The first `lines` of the log are counted already; they were at `counted_at`. A start that has no end in the log goes on
# until `until`.

# What a cell says, and so much more. One that was not recorded stays, with what came later beside it.
function more(cell, count, format) {
    if (cell ~ /[0-9]$/ && cell !~ / /) return sprintf(format, cell + count)
    if (match(cell, /, then [0-9.]+$/)) return substr(cell, 1, RSTART - 1) ", then " sprintf(format, substr(cell, RSTART + 7) + count)
    return cell ", then " sprintf(format, count)
}

# The greater of a cell that may not have been recorded and a number.
function most(cell, number) { return cell ~ /^[0-9]+$/ && cell + 0 > number ? cell : number + 0 }

# Executions by the code that ran: `5 of aaaa, 7 of bbbb`.
function of_code(cell, count, code,    parts, last, words) {
    last = split(cell, parts, ", ")
    split(parts[last], words, " ")
    if (last && substr(parts[last], length(words[1]) + 1) == " of " code)
        return substr(cell, 1, length(cell) - length(parts[last])) words[1] + count " of " code
    return cell (last ? ", " : "") count " of " code
}

# The hours of the clock to the line that was read last, as the row shows them: so no part is rounded twice.
function hours(now) { return sprintf("%.2f", (over + (open ? now - from : 0)) / 3600) }

BEGIN { split(row, cell, / *\| */) }

/^INFO: began / {
    # The start before it was killed: what is counted of it stays.
    if (open && NR > lines && counted_at > from) over += counted_at - from
    from = $3; code = $5; open = 1
}
/^INFO: ended / { if (open) over += $3 - from; open = 0 }
/^INFO: Seed: / { if (NR > lines) cell[10] = cell[10] (cell[10] == "" ? "" : " ") $3; reached = 0 }
# The second stands at the end of a start, also of one that was interrupted or failed.
/^#[0-9]/ || /^stat::number_of_executed_units: / {
    count = ($1 ~ /^#/ ? substr($1, 2) : $2) + 0
    if (NR > lines && count > reached) {
        new += count - reached
        cell[9] = of_code(cell[9], count - reached, code)
    }
    reached = count
}
/Test unit written to / { if (NR > lines) failing++ }
/ cov: / {
    for (at = 1; at < NF; at++) if ($at == "cov:" && $(at + 1) + 0 > edges) edges = $(at + 1) + 0
}
NR == lines { counted = hours(counted_at) }

END {
    printf "| %s | %s | %.0f | %.2f | %s | %s | %s | %s | %s |\n", cell[2], cell[3], cell[4] + new, cell[5] + hours(until) - counted,
        most(cell[6], edges), more(cell[7], failing + 0, "%d"), most(cell[8], kept), cell[9], cell[10]
}
