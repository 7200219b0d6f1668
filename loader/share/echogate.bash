# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Completion for echogate. It knows neither commands nor options: "echogate help" tells them, and
# in capitals what an argument is.

# What the option $2 takes by the help in $1; nothing, if it takes nothing
_echogate_takes()
{
	awk -v option="$2" '/^  +-/ {
		for (i = 1; $i ~ /^-/; i++)
			if ($i == option || $i == option ",")
				found = 1
		if (found && $i ~ /^[A-Z]+$/)
			print $i
		if (found)
			exit
	}' <<<"$1"
}

_echogate_interfaces()
{
	if [ -n "$1" ]; then
		ip -n "$1" -o link | sed 's/^[0-9]*: \([^:@]*\).*/\1/'
	else
		(cd /sys/class/net && printf '%s\n' */ | tr -d /)
	fi
}

_echogate()
{
	local self=$1 cur=$2 command='' help='' usage='' first='' netns='' takes='' words='' word i

	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		if [ "$word" = = ]; then
			continue # bash takes --netns=blue for three words
		elif [ -n "$takes" ]; then
			[ "$takes" != NAME ] || netns=$word
			takes=''
		elif [[ $word == -* ]]; then
			takes=$(_echogate_takes "$help" "$word")
		elif [ -z "$command" ]; then
			command=$word
			help=$("$self" help "$command" 2>/dev/null) || return
		else
			first=${first:-$word}
			[ "$word" != dump ] || takes=MAP
		fi
	done
	[ "$cur" != = ] || cur=''

	usage=${help%%$'\n'*}
	usage=${usage#usage: echogate * }
	if [ -n "$takes" ]; then
		: # the value of the option before
	elif [[ $cur == -* ]]; then
		takes=OPTION
	elif [ -z "$command" ] || [[ $usage == *COMMAND* ]]; then
		takes=COMMAND
	elif [ -z "$first" ] && [[ $usage == FILE* ]]; then
		takes=FILE
	elif [[ $usage == *IFACE* ]]; then
		takes=IFACE
	fi

	case $takes in
	COMMAND)
		words=$("$self" help | sed -n 's/^  \([a-z]*\) .*/\1/p')
		[[ $usage != *"| reasons"* ]] || words+=" reasons"
		;;
	OPTION) words=$(sed -n 's/^  [-A-Za-z, ]\{4\}\(--[a-z-]*\).*/\1/p' <<<"$help") ;;
	MODE) words="auto native generic tc" ;;
	NAME) words=$(ls /run/netns) ;;
	MAP) words=$("$self" maps | grep -o 'eg_[a-z0-9_]*') ;;
	IFACE)
		words=$(_echogate_interfaces "$netns")
		[[ $usage != *"dump NAME"* ]] || words+=" dump"
		;;
	FILE)
		compopt -o filenames
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return
		;;
	esac 2>/dev/null
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}

complete -F _echogate echogate
