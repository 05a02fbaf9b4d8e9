<?php
// As load.py, for the FFI of PHP.
$tg = FFI::cdef(file_get_contents($argv[1]), "libtigergraph_auth.so.0.1");
$count = 0;
while (($line = fgets(STDIN)) !== false) {
    [$name, $value] = explode(" ", trim($line)) + [1 => null];
    if ($value !== null && $tg->$name !== (int) $value) {
        exit("$name is {$tg->$name}\n");
    }
    if ($value === null && FFI::typeof($tg->$name)->getKind() !== FFI\CType::TYPE_POINTER) {
        exit("$name is no function\n");
    }
    $count++;
}
echo $count, " ", $tg->tg_version(), "\n";
