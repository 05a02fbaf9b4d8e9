# Completions of tg-auth for fish, printed by: tg-auth help --completion fish
# The command so far, without options and what belongs to them.
function __tg_auth_command
    set -l found
    set -l skip 0
    for word in (commandline -opc)[2..-1]
        if test $skip = 1
            set skip 0
            continue
        end
        switch $word
            case --host -H --graph -g --profile -p --env-file --restpp-port --gsql-port --cloud --server-version --proxy --ca-file -c --add-ca-file --pin --client-cert --client-key --secret-file --username --password-file --jwt-file --oauth2-url --oauth2-client-id --oauth2-client-secret-file --oauth2-scope --cache --timeout -t --connect-timeout --user-agent --lifetime -l --token-file --user -u --grace --method -X --add-header -H --data -d --max-size --wait --completion
                set skip 1
            case '-*'
            case '*'
                set -a found $word
        end
    end
    string join ' ' $found[1..2]
end
function __tg_auth_is
    set -l command (__tg_auth_command)
    contains -- "$command" $argv
    or begin
        set -l first (string split -f 1 ' ' -- "$command")
        contains -- "$first" url request server doctor version help; and contains -- "$first" $argv
    end
end
complete -c tg-auth -f
complete -c tg-auth -n '__tg_auth_is ""' -a 'token secret url request server doctor version help'
complete -c tg-auth -n 'test "$(__tg_auth_command)" = help' -a 'token secret url request server doctor version help'
complete -c tg-auth -n 'contains -- "$(__tg_auth_command)" token "help token"' -a 'get check refresh delete'
complete -c tg-auth -n 'contains -- "$(__tg_auth_command)" secret "help secret"' -a 'list show create ensure drop rotate'
complete -c tg-auth -n '__tg_auth_is "" "token get" token "token check" "token refresh" "token delete" "secret list" "secret show" "secret create" "secret ensure" "secret drop" "secret rotate" "url" "request" "server" "doctor"' -l host -s H -x -d 'the server, such as https://db.example.com'
complete -c tg-auth -n '__tg_auth_is "" "token get" token "token check" "token refresh" "token delete" "secret list" "secret show" "secret create" "secret ensure" "secret drop" "secret rotate" "url" "request" "server" "doctor"' -l graph -s g -x -d 'the graph'
complete -c tg-auth -n '__tg_auth_is "" "token get" token "token check" "token refresh" "token delete" "secret list" "secret show" "secret create" "secret ensure" "secret drop" "secret rotate" "url" "request" "server" "doctor"' -l profile -s p -x -d 'read NAME_TG_HOST before TG_HOST, and so on'
complete -c tg-auth -n '__tg_auth_is "" "token get" token "token check" "token refresh" "token delete" "secret list" "secret show" "secret create" "secret ensure" "secret drop" "secret rotate" "url" "request" "server" "doctor"' -l env-file -r -F -d 'a .env file with variables that are not set in the environment; -: on standard input'
complete -c tg-auth -n '__tg_auth_is "" "token get" token "token check" "token refresh" "token delete" "secret list" "secret show" "secret create" "secret ensure" "secret drop" "secret rotate" "url" "request" "server" "doctor"' -l restpp-port -x -d 'the port of REST++'
complete -c tg-auth -n '__tg_auth_is "" "token get" token "token check" "token refresh" "token delete" "secret list" "secret show" "secret create" "secret ensure" "secret drop" "secret rotate" "url" "request" "server" "doctor"' -l gsql-port -x -d 'the port of the gateway'
complete -c tg-auth -n '__tg_auth_is "" "token get" token "token check" "token refresh" "token delete" "secret list" "secret show" "secret create" "secret ensure" "secret drop" "secret rotate" "url" "request" "server" "doctor"' -l cloud -x -a 'yes no' -d 'whether the server is in TigerGraph Cloud; default: by the host name'
complete -c tg-auth -n '__tg_auth_is "" "token get" token "token check" "token refresh" "token delete" "secret list" "secret show" "secret create" "secret ensure" "secret drop" "secret rotate" "url" "request" "server" "doctor"' -l server-version -x -d 'the server\'s version, such as 3.10: it is not asked for'
complete -c tg-auth -n '__tg_auth_is "" "token get" token "token check" "token refresh" "token delete" "secret list" "secret show" "secret create" "secret ensure" "secret drop" "secret rotate" "url" "request" "server" "doctor"' -l allow-http -d 'allow plain http to other machines: anybody in between can read the credentials'
complete -c tg-auth -n '__tg_auth_is "" "token get" token "token check" "token refresh" "token delete" "secret list" "secret show" "secret create" "secret ensure" "secret drop" "secret rotate" "url" "request" "server" "doctor"' -l proxy -x -d 'an HTTP proxy, such as http://proxy:3128; env: the one of HTTPS_PROXY, NO_PROXY and so on'
complete -c tg-auth -n '__tg_auth_is "" "token get" token "token check" "token refresh" "token delete" "secret list" "secret show" "secret create" "secret ensure" "secret drop" "secret rotate" "url" "request" "server" "doctor"' -l ca-file -s c -r -F -d 'CA certificates to trust, in PEM; default: the system\'s'
complete -c tg-auth -n '__tg_auth_is "" "token get" token "token check" "token refresh" "token delete" "secret list" "secret show" "secret create" "secret ensure" "secret drop" "secret rotate" "url" "request" "server" "doctor"' -l add-ca-file -r -F -d 'CA certificates to trust beside the system\'s, or beside those of --ca-file'
complete -c tg-auth -n '__tg_auth_is "" "token get" token "token check" "token refresh" "token delete" "secret list" "secret show" "secret create" "secret ensure" "secret drop" "secret rotate" "url" "request" "server" "doctor"' -l pin -x -d 'accept only this key of the server: SHA-256 of its SubjectPublicKeyInfo, in Base64'
complete -c tg-auth -n '__tg_auth_is "" "token get" token "token check" "token refresh" "token delete" "secret list" "secret show" "secret create" "secret ensure" "secret drop" "secret rotate" "url" "request" "server" "doctor"' -l client-cert -r -F -d 'the client certificate, in PEM'
complete -c tg-auth -n '__tg_auth_is "" "token get" token "token check" "token refresh" "token delete" "secret list" "secret show" "secret create" "secret ensure" "secret drop" "secret rotate" "url" "request" "server" "doctor"' -l client-key -r -F -d 'its private key, in PEM'
complete -c tg-auth -n '__tg_auth_is "" "token get" token "token check" "token refresh" "token delete" "secret list" "secret show" "secret create" "secret ensure" "secret drop" "secret rotate" "url" "request" "server" "doctor"' -l insecure -d 'accept any certificate: only for tests'
complete -c tg-auth -n '__tg_auth_is "" "token get" token "token check" "token refresh" "token delete" "secret list" "secret show" "secret create" "secret ensure" "secret drop" "secret rotate" "url" "request" "server" "doctor"' -l secret-file -r -F -d 'log in with the secret in this file; -: on standard input. With secret rotate and another login, only the file to be replaced'
complete -c tg-auth -n '__tg_auth_is "" "token get" token "token check" "token refresh" "token delete" "secret list" "secret show" "secret create" "secret ensure" "secret drop" "secret rotate" "url" "request" "server" "doctor"' -l username -x -d 'log in as this user, with --password-file'
complete -c tg-auth -n '__tg_auth_is "" "token get" token "token check" "token refresh" "token delete" "secret list" "secret show" "secret create" "secret ensure" "secret drop" "secret rotate" "url" "request" "server" "doctor"' -l password-file -r -F -d 'the password is in this file; -: on standard input'
complete -c tg-auth -n '__tg_auth_is "" "token get" token "token check" "token refresh" "token delete" "secret list" "secret show" "secret create" "secret ensure" "secret drop" "secret rotate" "url" "request" "server" "doctor"' -l jwt-file -r -F -d 'log in with the JWT in this file; -: on standard input'
complete -c tg-auth -n '__tg_auth_is "" "token get" token "token check" "token refresh" "token delete" "secret list" "secret show" "secret create" "secret ensure" "secret drop" "secret rotate" "url" "request" "server" "doctor"' -l oauth2-url -x -d 'get tokens from the token endpoint of an authorization server (OAuth2 client credentials)'
complete -c tg-auth -n '__tg_auth_is "" "token get" token "token check" "token refresh" "token delete" "secret list" "secret show" "secret create" "secret ensure" "secret drop" "secret rotate" "url" "request" "server" "doctor"' -l oauth2-client-id -x -d 'the client\'s id there'
complete -c tg-auth -n '__tg_auth_is "" "token get" token "token check" "token refresh" "token delete" "secret list" "secret show" "secret create" "secret ensure" "secret drop" "secret rotate" "url" "request" "server" "doctor"' -l oauth2-client-secret-file -r -F -d 'the client\'s secret is in this file; -: on standard input'
complete -c tg-auth -n '__tg_auth_is "" "token get" token "token check" "token refresh" "token delete" "secret list" "secret show" "secret create" "secret ensure" "secret drop" "secret rotate" "url" "request" "server" "doctor"' -l oauth2-scope -x -d 'what the token is for; several scopes are separated by spaces'
complete -c tg-auth -n '__tg_auth_is "" "token get" token "token check" "token refresh" "token delete" "secret list" "secret show" "secret create" "secret ensure" "secret drop" "secret rotate" "url" "request" "server" "doctor"' -l cache -x -d 'share tokens with other processes in this folder; user: in the user\'s cache folder'
complete -c tg-auth -n '__tg_auth_is "" "token get" token "token check" "token refresh" "token delete" "secret list" "secret show" "secret create" "secret ensure" "secret drop" "secret rotate" "url" "request" "server" "doctor"' -l timeout -s t -x -d 'time limit for a whole call, such as 2.5; default: 30'
complete -c tg-auth -n '__tg_auth_is "" "token get" token "token check" "token refresh" "token delete" "secret list" "secret show" "secret create" "secret ensure" "secret drop" "secret rotate" "url" "request" "server" "doctor"' -l connect-timeout -x -d 'time limit for one attempt to connect; default: 5'
complete -c tg-auth -n '__tg_auth_is "" "token get" token "token check" "token refresh" "token delete" "secret list" "secret show" "secret create" "secret ensure" "secret drop" "secret rotate" "url" "request" "server" "doctor"' -l user-agent -x -d 'the User-Agent header; default: tigergraph-auth/ and the version'
complete -c tg-auth -n '__tg_auth_is "" "token get" token "token check" "token refresh" "token delete" "secret list" "secret show" "secret create" "secret ensure" "secret drop" "secret rotate" "url" "request" "server" "doctor"' -l verbose -s v -d 'log every request to standard error'
complete -c tg-auth -n '__tg_auth_is "" "token get" token "token refresh"' -l lifetime -s l -x -d 'lifetime of the token, in whole seconds; default: the server\'s'
complete -c tg-auth -n '__tg_auth_is "" "token get" token' -l global -d 'a new token, for all graphs'
complete -c tg-auth -n '__tg_auth_is "" "token get" token "token refresh"' -l header -d 'print the token as "Authorization: Bearer ..."; where authentication is off, "X-Tg-Auth: off"'
complete -c tg-auth -n '__tg_auth_is "" "token check" "token refresh" "token delete"' -l token-file -r -F -d 'the token in this file; -: on standard input; default: the token in use, that of TG_API_TOKEN or of the cache'
complete -c tg-auth -n '__tg_auth_is "" "token refresh"' -l or-new -d 'where servers cannot refresh (4.1 and later), a new token'
complete -c tg-auth -n '__tg_auth_is "" "secret list" "secret show" "secret create" "secret drop"' -l user -s u -x -d 'secrets of another user (4.1 and later, superusers only)'
complete -c tg-auth -n '__tg_auth_is "" "token delete" "secret drop"' -l ignore-missing -d 'it is no error if something does not exist'
complete -c tg-auth -n '__tg_auth_is "" "secret rotate"' -l grace -x -d 'wait so long before the old secret is dropped, for programs that have just read it; default: 30'
complete -c tg-auth -n '__tg_auth_is "" "url" "request"' -l gateway -d 'of the gateway, with GSQL and the other servers behind it, and not of REST++'
complete -c tg-auth -n '__tg_auth_is "" "request"' -l method -s X -x -d 'the method; default: GET, or POST with a body'
complete -c tg-auth -n '__tg_auth_is "" "request"' -l add-header -s H -x -d 'a header, such as \'GSQL-TIMEOUT: 60000\'; may be given several times. Behind the word request -H is this one'
complete -c tg-auth -n '__tg_auth_is "" "request"' -l data -s d -x -d 'the body, or the file that has it; @-: standard input. JSON unless there is a header Content-Type'
complete -c tg-auth -n '__tg_auth_is "" "request"' -l max-size -x -d 'the longest answer to accept; default: 67108864'
complete -c tg-auth -n '__tg_auth_is "" "doctor"' -l offline -d 'send nothing'
complete -c tg-auth -n '__tg_auth_is "" "doctor"' -l wait -x -d 'wait so long for a server that is starting or busy'
complete -c tg-auth -n '__tg_auth_is "" "doctor"' -l contract -d 'ask the server what no document says of it, and print a report to send back: no credential, no host name is in it. It begins with the list of the requests; with --offline it is that list alone'
complete -c tg-auth -n '__tg_auth_is "" "doctor"' -l create -d 'with --contract: also ask what needs a secret of its own, which is created and dropped'
complete -c tg-auth -n '__tg_auth_is "" "token get" token "token check" "token refresh" "token delete" "secret list" "secret show" "secret create" "secret ensure" "secret drop" "secret rotate" "url" "request" "server" "doctor" "version"' -l json -s j -d 'print JSON'
complete -c tg-auth -n '__tg_auth_is "" "help"' -l man -d 'print the man page'
complete -c tg-auth -n '__tg_auth_is "" "help"' -l completion -x -a 'bash zsh fish' -d 'print the completions for bash, zsh or fish'
complete -c tg-auth -n '__tg_auth_is "" "token get" token "token check" "token refresh" "token delete" "secret list" "secret show" "secret create" "secret ensure" "secret drop" "secret rotate" "url" "request" "server" "doctor" "version" "help"' -l help -s h -d 'print this, or what belongs to the command'
complete -c tg-auth -n '__tg_auth_is "" "token get" token "token check" "token refresh" "token delete" "secret list" "secret show" "secret create" "secret ensure" "secret drop" "secret rotate" "url" "request" "server" "doctor" "version" "help"' -l version -s V -d 'print the version'
