# What zsh completes after each of these command lines.   zsh -f complete.zsh FOLDER 'COMMAND LINE' ...
# FOLDER has the file _tg-auth. After the words that were found for a line, one on a line, comes a line "end". The shell
# that completes is an interactive one on a terminal of its own.
zmodload zsh/zpty
zpty shell zsh -f -i
wait_for() { # text
    local got chunk
    while [[ $got != *$1* ]]; do
        zpty -r shell chunk || return 1
        got+=$chunk
    done
    print -r -- "$got"
}
zpty -w shell "PS1= PS2= RPS1= TERM=dumb; stty -echo columns 200 rows 200; fpath=($1 \$fpath)"
# What it finds is written, in place of being shown and added to the line.
zpty -w shell 'autoload -Uz compinit; compinit -D -u
compadd() {
    local -a found
    if (( ${@[(I)-[ODA]*]} )); then builtin compadd "$@"; return; fi
    builtin compadd -A found "$@"
    for one in $found; do print -r -- "FOUND<$one>"; done
}
print_end() { print -r -- "THE""END"; zle kill-whole-line; }
zle -N print_end; bindkey "^X" print_end; bindkey "^I" complete-word; print "REA""DY"'
wait_for READY > /dev/null
shift
for line; do
    zpty -w -n shell "$line"$'\t'$'\x18'
    wait_for THEEND | tr -d '\r' | sed -n 's/.*FOUND<\(.*\)>.*/\1/p' | sort -u
    print end
done
zpty -d shell
