# Completions of tg-auth for bash, printed by: tg-auth help --completion bash
_tg_auth_files() {
    compopt -o filenames 2> /dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "$word")
}
_tg_auth() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command= options= i
    if [[ $word == = ]]; then word=
    elif [[ $before == = ]]; then before=${COMP_WORDS[COMP_CWORD-2]}
    fi
    COMPREPLY=()
    case $before in
        --host|-H) return ;;
        --graph|-g) return ;;
        --profile|-p) return ;;
        --env-file) _tg_auth_files; return ;;
        --restpp-port) return ;;
        --gsql-port) return ;;
        --cloud) COMPREPLY=($(compgen -W 'yes no' -- "$word")); return ;;
        --server-version) return ;;
        --proxy) return ;;
        --ca-file|-c) _tg_auth_files; return ;;
        --add-ca-file) _tg_auth_files; return ;;
        --pin) return ;;
        --client-cert) _tg_auth_files; return ;;
        --client-key) _tg_auth_files; return ;;
        --secret-file) _tg_auth_files; return ;;
        --username) return ;;
        --password-file) _tg_auth_files; return ;;
        --jwt-file) _tg_auth_files; return ;;
        --oauth2-url) return ;;
        --oauth2-client-id) return ;;
        --oauth2-client-secret-file) _tg_auth_files; return ;;
        --oauth2-scope) return ;;
        --cache) return ;;
        --timeout|-t) return ;;
        --connect-timeout) return ;;
        --user-agent) return ;;
        --lifetime|-l) return ;;
        --token-file) _tg_auth_files; return ;;
        --user|-u) return ;;
        --grace) return ;;
        --method|-X) return ;;
        --add-header|-H) return ;;
        --data|-d) return ;;
        --max-size) return ;;
        --wait) return ;;
        --completion) COMPREPLY=($(compgen -W 'bash zsh fish' -- "$word")); return ;;
    esac
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
            --host|-H|--graph|-g|--profile|-p|--env-file|--restpp-port|--gsql-port|--cloud|--server-version|--proxy|--ca-file|-c|--add-ca-file|--pin|--client-cert|--client-key|--secret-file|--username|--password-file|--jwt-file|--oauth2-url|--oauth2-client-id|--oauth2-client-secret-file|--oauth2-scope|--cache|--timeout|-t|--connect-timeout|--user-agent|--lifetime|-l|--token-file|--user|-u|--grace|--method|-X|--add-header|-H|--data|-d|--max-size|--wait|--completion)
                ((i++))
                [[ ${COMP_WORDS[i]} != = ]] || ((i++)) ;;
            -*) ;;
            *) command+="${command:+ }${COMP_WORDS[i]}" ;;
        esac
    done
    if [[ $word != -* ]]; then
        case $command in
            ''|help) COMPREPLY=($(compgen -W 'token secret url request server doctor version help' -- "$word")) ;;
            token|'help token') COMPREPLY=($(compgen -W 'get check refresh delete' -- "$word")) ;;
            secret|'help secret') COMPREPLY=($(compgen -W 'list show create ensure drop rotate' -- "$word")) ;;
        esac
        return
    fi
    case $command in
        token|'token get'*) options='--host --graph --profile --env-file --restpp-port --gsql-port --cloud --server-version --allow-http --proxy --ca-file --add-ca-file --pin --client-cert --client-key --insecure --secret-file --username --password-file --jwt-file --oauth2-url --oauth2-client-id --oauth2-client-secret-file --oauth2-scope --cache --timeout --connect-timeout --user-agent --verbose --lifetime --global --header --json --help --version' ;;
        'token check'*) options='--host --graph --profile --env-file --restpp-port --gsql-port --cloud --server-version --allow-http --proxy --ca-file --add-ca-file --pin --client-cert --client-key --insecure --secret-file --username --password-file --jwt-file --oauth2-url --oauth2-client-id --oauth2-client-secret-file --oauth2-scope --cache --timeout --connect-timeout --user-agent --verbose --token-file --json --help --version' ;;
        'token refresh'*) options='--host --graph --profile --env-file --restpp-port --gsql-port --cloud --server-version --allow-http --proxy --ca-file --add-ca-file --pin --client-cert --client-key --insecure --secret-file --username --password-file --jwt-file --oauth2-url --oauth2-client-id --oauth2-client-secret-file --oauth2-scope --cache --timeout --connect-timeout --user-agent --verbose --lifetime --header --token-file --or-new --json --help --version' ;;
        'token delete'*) options='--host --graph --profile --env-file --restpp-port --gsql-port --cloud --server-version --allow-http --proxy --ca-file --add-ca-file --pin --client-cert --client-key --insecure --secret-file --username --password-file --jwt-file --oauth2-url --oauth2-client-id --oauth2-client-secret-file --oauth2-scope --cache --timeout --connect-timeout --user-agent --verbose --token-file --ignore-missing --json --help --version' ;;
        'secret list'*) options='--host --graph --profile --env-file --restpp-port --gsql-port --cloud --server-version --allow-http --proxy --ca-file --add-ca-file --pin --client-cert --client-key --insecure --secret-file --username --password-file --jwt-file --oauth2-url --oauth2-client-id --oauth2-client-secret-file --oauth2-scope --cache --timeout --connect-timeout --user-agent --verbose --user --json --help --version' ;;
        'secret show'*) options='--host --graph --profile --env-file --restpp-port --gsql-port --cloud --server-version --allow-http --proxy --ca-file --add-ca-file --pin --client-cert --client-key --insecure --secret-file --username --password-file --jwt-file --oauth2-url --oauth2-client-id --oauth2-client-secret-file --oauth2-scope --cache --timeout --connect-timeout --user-agent --verbose --user --json --help --version' ;;
        'secret create'*) options='--host --graph --profile --env-file --restpp-port --gsql-port --cloud --server-version --allow-http --proxy --ca-file --add-ca-file --pin --client-cert --client-key --insecure --secret-file --username --password-file --jwt-file --oauth2-url --oauth2-client-id --oauth2-client-secret-file --oauth2-scope --cache --timeout --connect-timeout --user-agent --verbose --user --json --help --version' ;;
        'secret ensure'*) options='--host --graph --profile --env-file --restpp-port --gsql-port --cloud --server-version --allow-http --proxy --ca-file --add-ca-file --pin --client-cert --client-key --insecure --secret-file --username --password-file --jwt-file --oauth2-url --oauth2-client-id --oauth2-client-secret-file --oauth2-scope --cache --timeout --connect-timeout --user-agent --verbose --json --help --version' ;;
        'secret drop'*) options='--host --graph --profile --env-file --restpp-port --gsql-port --cloud --server-version --allow-http --proxy --ca-file --add-ca-file --pin --client-cert --client-key --insecure --secret-file --username --password-file --jwt-file --oauth2-url --oauth2-client-id --oauth2-client-secret-file --oauth2-scope --cache --timeout --connect-timeout --user-agent --verbose --user --ignore-missing --json --help --version' ;;
        'secret rotate'*) options='--host --graph --profile --env-file --restpp-port --gsql-port --cloud --server-version --allow-http --proxy --ca-file --add-ca-file --pin --client-cert --client-key --insecure --secret-file --username --password-file --jwt-file --oauth2-url --oauth2-client-id --oauth2-client-secret-file --oauth2-scope --cache --timeout --connect-timeout --user-agent --verbose --grace --json --help --version' ;;
        'url'*) options='--host --graph --profile --env-file --restpp-port --gsql-port --cloud --server-version --allow-http --proxy --ca-file --add-ca-file --pin --client-cert --client-key --insecure --secret-file --username --password-file --jwt-file --oauth2-url --oauth2-client-id --oauth2-client-secret-file --oauth2-scope --cache --timeout --connect-timeout --user-agent --verbose --gateway --json --help --version' ;;
        'request'*) options='--host --graph --profile --env-file --restpp-port --gsql-port --cloud --server-version --allow-http --proxy --ca-file --add-ca-file --pin --client-cert --client-key --insecure --secret-file --username --password-file --jwt-file --oauth2-url --oauth2-client-id --oauth2-client-secret-file --oauth2-scope --cache --timeout --connect-timeout --user-agent --verbose --gateway --method --add-header --data --max-size --json --help --version' ;;
        'server'*) options='--host --graph --profile --env-file --restpp-port --gsql-port --cloud --server-version --allow-http --proxy --ca-file --add-ca-file --pin --client-cert --client-key --insecure --secret-file --username --password-file --jwt-file --oauth2-url --oauth2-client-id --oauth2-client-secret-file --oauth2-scope --cache --timeout --connect-timeout --user-agent --verbose --json --help --version' ;;
        'doctor'*) options='--host --graph --profile --env-file --restpp-port --gsql-port --cloud --server-version --allow-http --proxy --ca-file --add-ca-file --pin --client-cert --client-key --insecure --secret-file --username --password-file --jwt-file --oauth2-url --oauth2-client-id --oauth2-client-secret-file --oauth2-scope --cache --timeout --connect-timeout --user-agent --verbose --offline --wait --contract --create --json --help --version' ;;
        'version'*) options='--json --help --version' ;;
        'help'*) options='--man --completion --help --version' ;;
        *) options='--host --graph --profile --env-file --restpp-port --gsql-port --cloud --server-version --allow-http --proxy --ca-file --add-ca-file --pin --client-cert --client-key --insecure --secret-file --username --password-file --jwt-file --oauth2-url --oauth2-client-id --oauth2-client-secret-file --oauth2-scope --cache --timeout --connect-timeout --user-agent --verbose --lifetime --global --header --token-file --or-new --user --ignore-missing --grace --gateway --method --add-header --data --max-size --offline --wait --contract --create --json --man --completion --help --version' ;;
    esac
    COMPREPLY=($(compgen -W "$options" -- "$word"))
}
complete -F _tg_auth tg-auth
