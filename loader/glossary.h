/* SPDX-License-Identifier: GPL-2.0-only */
/* What the words of headers/echogate/names.h mean: `help reasons`. */
#ifndef LOADER_GLOSSARY_H
#define LOADER_GLOSSARY_H

void glossary__print(void);

#endif
