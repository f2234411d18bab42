/* Written by make-pipeline-cases.py with tokenizers 0.23.3. In a case's file @0 and @1 stand for the
 * vocabulary without and with the tokens of the bytes, @2 for the merges. */
static const char part_0[] =
  "{\"a\":0,\"b\":1,\"c\":2,\"d\":3,\"e\":4,\"A\":5,\"B\":6,\"t\":7,\"s\":8,\"\303\251\":9,\"1\":10,\"2\":11,\"3\":12,\"4\":13,\""
  ".\":14,\",\":15,\"!\":16,\"?\":17,\"-\":18,\"'\":19,\" \":20,\"\\n\":21,\"\342\226\201\":22,\"\304\240\":23,\"\304\212\":24,\"\314\201\":25,\"\304\260\":26"
  ",\"i\":27,\"\344\270\255\":28,\"e\314\201\":29,\"\302\240\":30,\"ab\":31,\"abc\":32,\"\342\226\201a\":33,\"\342\226\201ab\":34,\"\342\226\201abc\":35,\"a\342\226\201\":36,\"\342\226\201\342\226\201\":37,"
  "\"\304\240a\":38,\"\304\240ab\":39,\"\304\240abc\":40,\"12\":41,\"123\":42,\"1234\":43,\"34\":44,\"!!\":45,\"!!!\":46,\"a!\":47,\" a"
  "\":48,\" ab\":49,\"a \":50,\"  \":51,\"c1\":52,\"'s\":53,\"ts\":54,\"st\":55,\"cab\":56,\"\342\226\2011\":57,\"\304\2401\":58,\"\304\2401"
  "2\":59,\"\304\240\304\240\":60,\"AB\":61,\"<s>\":62,\"</s>\":63,\"<unk>\":64,\"-a\":65,\"-ab\":66,\"\303\203\302\251\":67,\"\303\203\":68,\"\302\251\":69"
  "}"
  ;
static const char part_1[] =
  "{\"a\":0,\"b\":1,\"c\":2,\"d\":3,\"e\":4,\"A\":5,\"B\":6,\"t\":7,\"s\":8,\"\303\251\":9,\"1\":10,\"2\":11,\"3\":12,\"4\":13,\""
  ".\":14,\",\":15,\"!\":16,\"?\":17,\"-\":18,\"'\":19,\" \":20,\"\\n\":21,\"\342\226\201\":22,\"\304\240\":23,\"\304\212\":24,\"\314\201\":25,\"\304\260\":26"
  ",\"i\":27,\"\344\270\255\":28,\"e\314\201\":29,\"\302\240\":30,\"ab\":31,\"abc\":32,\"\342\226\201a\":33,\"\342\226\201ab\":34,\"\342\226\201abc\":35,\"a\342\226\201\":36,\"\342\226\201\342\226\201\":37,"
  "\"\304\240a\":38,\"\304\240ab\":39,\"\304\240abc\":40,\"12\":41,\"123\":42,\"1234\":43,\"34\":44,\"!!\":45,\"!!!\":46,\"a!\":47,\" a"
  "\":48,\" ab\":49,\"a \":50,\"  \":51,\"c1\":52,\"'s\":53,\"ts\":54,\"st\":55,\"cab\":56,\"\342\226\2011\":57,\"\304\2401\":58,\"\304\2401"
  "2\":59,\"\304\240\304\240\":60,\"AB\":61,\"<s>\":62,\"</s>\":63,\"<unk>\":64,\"-a\":65,\"-ab\":66,\"\303\203\302\251\":67,\"\303\203\":68,\"\302\251\":69"
  ",\"<0x00>\":70,\"<0x01>\":71,\"<0x02>\":72,\"<0x03>\":73,\"<0x04>\":74,\"<0x05>\":75,\"<0x06>\":76,\"<0x0"
  "7>\":77,\"<0x08>\":78,\"<0x09>\":79,\"<0x0A>\":80,\"<0x0B>\":81,\"<0x0C>\":82,\"<0x0D>\":83,\"<0x0E>\":84"
  ",\"<0x0F>\":85,\"<0x10>\":86,\"<0x11>\":87,\"<0x12>\":88,\"<0x13>\":89,\"<0x14>\":90,\"<0x15>\":91,\"<0x1"
  "6>\":92,\"<0x17>\":93,\"<0x18>\":94,\"<0x19>\":95,\"<0x1A>\":96,\"<0x1B>\":97,\"<0x1C>\":98,\"<0x1D>\":99"
  ",\"<0x1E>\":100,\"<0x1F>\":101,\"<0x20>\":102,\"<0x21>\":103,\"<0x22>\":104,\"<0x23>\":105,\"<0x24>\":10"
  "6,\"<0x25>\":107,\"<0x26>\":108,\"<0x27>\":109,\"<0x28>\":110,\"<0x29>\":111,\"<0x2A>\":112,\"<0x2B>\":1"
  "13,\"<0x2C>\":114,\"<0x2D>\":115,\"<0x2E>\":116,\"<0x2F>\":117,\"<0x30>\":118,\"<0x31>\":119,\"<0x32>\":"
  "120,\"<0x33>\":121,\"<0x34>\":122,\"<0x35>\":123,\"<0x36>\":124,\"<0x37>\":125,\"<0x38>\":126,\"<0x39>\""
  ":127,\"<0x3A>\":128,\"<0x3B>\":129,\"<0x3C>\":130,\"<0x3D>\":131,\"<0x3E>\":132,\"<0x3F>\":133,\"<0x40>"
  "\":134,\"<0x41>\":135,\"<0x42>\":136,\"<0x43>\":137,\"<0x44>\":138,\"<0x45>\":139,\"<0x46>\":140,\"<0x47"
  ">\":141,\"<0x48>\":142,\"<0x49>\":143,\"<0x4A>\":144,\"<0x4B>\":145,\"<0x4C>\":146,\"<0x4D>\":147,\"<0x4"
  "E>\":148,\"<0x4F>\":149,\"<0x50>\":150,\"<0x51>\":151,\"<0x52>\":152,\"<0x53>\":153,\"<0x54>\":154,\"<0x"
  "55>\":155,\"<0x56>\":156,\"<0x57>\":157,\"<0x58>\":158,\"<0x59>\":159,\"<0x5A>\":160,\"<0x5B>\":161,\"<0"
  "x5C>\":162,\"<0x5D>\":163,\"<0x5E>\":164,\"<0x5F>\":165,\"<0x60>\":166,\"<0x61>\":167,\"<0x62>\":168,\"<"
  "0x63>\":169,\"<0x64>\":170,\"<0x65>\":171,\"<0x66>\":172,\"<0x67>\":173,\"<0x68>\":174,\"<0x69>\":175,\""
  "<0x6A>\":176,\"<0x6B>\":177,\"<0x6C>\":178,\"<0x6D>\":179,\"<0x6E>\":180,\"<0x6F>\":181,\"<0x70>\":182,"
  "\"<0x71>\":183,\"<0x72>\":184,\"<0x73>\":185,\"<0x74>\":186,\"<0x75>\":187,\"<0x76>\":188,\"<0x77>\":189"
  ",\"<0x78>\":190,\"<0x79>\":191,\"<0x7A>\":192,\"<0x7B>\":193,\"<0x7C>\":194,\"<0x7D>\":195,\"<0x7E>\":19"
  "6,\"<0x7F>\":197,\"<0x80>\":198,\"<0x81>\":199,\"<0x82>\":200,\"<0x83>\":201,\"<0x84>\":202,\"<0x85>\":2"
  "03,\"<0x86>\":204,\"<0x87>\":205,\"<0x88>\":206,\"<0x89>\":207,\"<0x8A>\":208,\"<0x8B>\":209,\"<0x8C>\":"
  "210,\"<0x8D>\":211,\"<0x8E>\":212,\"<0x8F>\":213,\"<0x90>\":214,\"<0x91>\":215,\"<0x92>\":216,\"<0x93>\""
  ":217,\"<0x94>\":218,\"<0x95>\":219,\"<0x96>\":220,\"<0x97>\":221,\"<0x98>\":222,\"<0x99>\":223,\"<0x9A>"
  "\":224,\"<0x9B>\":225,\"<0x9C>\":226,\"<0x9D>\":227,\"<0x9E>\":228,\"<0x9F>\":229,\"<0xA0>\":230,\"<0xA1"
  ">\":231,\"<0xA2>\":232,\"<0xA3>\":233,\"<0xA4>\":234,\"<0xA5>\":235,\"<0xA6>\":236,\"<0xA7>\":237,\"<0xA"
  "8>\":238,\"<0xA9>\":239,\"<0xAA>\":240,\"<0xAB>\":241,\"<0xAC>\":242,\"<0xAD>\":243,\"<0xAE>\":244,\"<0x"
  "AF>\":245,\"<0xB0>\":246,\"<0xB1>\":247,\"<0xB2>\":248,\"<0xB3>\":249,\"<0xB4>\":250,\"<0xB5>\":251,\"<0"
  "xB6>\":252,\"<0xB7>\":253,\"<0xB8>\":254,\"<0xB9>\":255,\"<0xBA>\":256,\"<0xBB>\":257,\"<0xBC>\":258,\"<"
  "0xBD>\":259,\"<0xBE>\":260,\"<0xBF>\":261,\"<0xC0>\":262,\"<0xC1>\":263,\"<0xC2>\":264,\"<0xC3>\":265,\""
  "<0xC4>\":266,\"<0xC5>\":267,\"<0xC6>\":268,\"<0xC7>\":269,\"<0xC8>\":270,\"<0xC9>\":271,\"<0xCA>\":272,"
  "\"<0xCB>\":273,\"<0xCC>\":274,\"<0xCD>\":275,\"<0xCE>\":276,\"<0xCF>\":277,\"<0xD0>\":278,\"<0xD1>\":279"
  ",\"<0xD2>\":280,\"<0xD3>\":281,\"<0xD4>\":282,\"<0xD5>\":283,\"<0xD6>\":284,\"<0xD7>\":285,\"<0xD8>\":28"
  "6,\"<0xD9>\":287,\"<0xDA>\":288,\"<0xDB>\":289,\"<0xDC>\":290,\"<0xDD>\":291,\"<0xDE>\":292,\"<0xDF>\":2"
  "93,\"<0xE0>\":294,\"<0xE1>\":295,\"<0xE2>\":296,\"<0xE3>\":297,\"<0xE4>\":298,\"<0xE5>\":299,\"<0xE6>\":"
  "300,\"<0xE7>\":301,\"<0xE8>\":302,\"<0xE9>\":303,\"<0xEA>\":304,\"<0xEB>\":305,\"<0xEC>\":306,\"<0xED>\""
  ":307,\"<0xEE>\":308,\"<0xEF>\":309,\"<0xF0>\":310,\"<0xF1>\":311,\"<0xF2>\":312,\"<0xF3>\":313,\"<0xF4>"
  "\":314,\"<0xF5>\":315,\"<0xF6>\":316,\"<0xF7>\":317,\"<0xF8>\":318,\"<0xF9>\":319,\"<0xFA>\":320,\"<0xFB"
  ">\":321,\"<0xFC>\":322,\"<0xFD>\":323,\"<0xFE>\":324,\"<0xFF>\":325}"
  ;
static const char part_2[] =
  "[[\"a\",\"b\"],[\"ab\",\"c\"],[\"\342\226\201\",\"a\"],[\"\342\226\201a\",\"b\"],[\"\342\226\201ab\",\"c\"],[\"a\",\"\342\226\201\"],[\"\342\226\201\",\"\342\226\201\"],[\"\304\240\",\"a\"],[\"\304\240a\""
  ",\"b\"],[\"\304\240ab\",\"c\"],[\"1\",\"2\"],[\"12\",\"3\"],[\"123\",\"4\"],[\"3\",\"4\"],[\"12\",\"34\"],[\"!\",\"!\"],[\"!!\",\""
  "!\"],[\"a\",\"!\"],[\"'\",\"s\"],[\"t\",\"s\"],[\"s\",\"t\"],[\"c\",\"1\"],[\"c\",\"ab\"],[\"\342\226\201\",\"1\"],[\"\304\240\",\"1\"],[\"\304\240\","
  "\"12\"],[\"\304\240\",\"\304\240\"],[\"A\",\"B\"],[\"-\",\"a\"],[\"-\",\"ab\"],[\"\303\203\",\"\302\251\"],[\" \",\"a\"],[\" \",\"ab\"],[\"a\",\" \"],[\""
  " \",\" \"]]"
  ;
static const PipelineCase pipeline_cases[] = {
  { "plain",
  "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[],\"normalizer\":null,\"pre"
  "_tokenizer\":null,\"post_processor\":null,\"decoder\":null,\"model\":{\"type\":\"BPE\",\"dropout\":null"
  ",\"unk_token\":null,\"continuing_subword_prefix\":null,\"end_of_word_suffix\":null,\"fuse_unk\":fa"
  "lse,\"byte_fallback\":false,\"ignore_merges\":false,\"vocab\":@0,\"merges\":@2}}"
  , {
    { "", "",
      "" },
    { "a", "0",
      "a" },
    { "abc", "32",
      "abc" },
    { " abc abc", "20 32 20 32",
      "  abc   abc" },
    { "ab  abc\n\nab!!! a!", "31 51 32 21 21 31 46 20 47",
      "ab    abc \n \n ab !!!   a!" },
    { "123 1234 12.34", "42 20 43 20 41 14 44",
      "123   1234   12 . 34" },
    { "it's abc\303\251 e\314\201 \304\260B AB", "27 7 53 20 32 9 20 4 25 20 26 6 20 61",
      "i t 's   abc \303\251   e \314\201   \304\260 B   AB" },
    { "cabs, -ab- a  ", "56 8 15 20 66 18 48 51",
      "cab s ,   -ab -  a   " },
    { "zz\344\270\255z ab", "28 49",
      "\344\270\255  ab" },
    { "<s>ab</s> abc<unk>", "8 31 8 20 32",
      "s ab s   abc" },
    { "a\302\240ab \t ab", "0 30 31 20 49",
      "a \302\240 ab    ab" },
    { "  ab  ", "20 49 51",
      "   ab   " },
  } },
  { "unknown",
  "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[],\"normalizer\":null,\"pre"
  "_tokenizer\":null,\"post_processor\":null,\"decoder\":null,\"model\":{\"type\":\"BPE\",\"dropout\":null"
  ",\"unk_token\":\"<unk>\",\"continuing_subword_prefix\":null,\"end_of_word_suffix\":null,\"fuse_unk\""
  ":false,\"byte_fallback\":false,\"ignore_merges\":false,\"vocab\":@0,\"merges\":@2}}"
  , {
    { "", "",
      "" },
    { "a", "0",
      "a" },
    { "abc", "32",
      "abc" },
    { " abc abc", "20 32 20 32",
      "  abc   abc" },
    { "ab  abc\n\nab!!! a!", "31 51 32 21 21 31 46 20 47",
      "ab    abc \n \n ab !!!   a!" },
    { "123 1234 12.34", "42 20 43 20 41 14 44",
      "123   1234   12 . 34" },
    { "it's abc\303\251 e\314\201 \304\260B AB", "27 7 53 20 32 9 20 4 25 20 26 6 20 61",
      "i t 's   abc \303\251   e \314\201   \304\260 B   AB" },
    { "cabs, -ab- a  ", "56 8 15 20 66 18 48 51",
      "cab s ,   -ab -  a   " },
    { "zz\344\270\255z ab", "64 64 28 64 49",
      "<unk> <unk> \344\270\255 <unk>  ab" },
    { "<s>ab</s> abc<unk>", "64 8 64 31 64 64 8 64 20 32 64 64 64 64 64",
      "<unk> s <unk> ab <unk> <unk> s <unk>   abc <unk> <unk> <unk> <unk> <unk>" },
    { "a\302\240ab \t ab", "0 30 31 20 64 49",
      "a \302\240 ab   <unk>  ab" },
    { "  ab  ", "20 49 51",
      "   ab   " },
  } },
  { "unknown fused",
  "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[],\"normalizer\":null,\"pre"
  "_tokenizer\":null,\"post_processor\":null,\"decoder\":null,\"model\":{\"type\":\"BPE\",\"dropout\":null"
  ",\"unk_token\":\"<unk>\",\"continuing_subword_prefix\":null,\"end_of_word_suffix\":null,\"fuse_unk\""
  ":true,\"byte_fallback\":false,\"ignore_merges\":false,\"vocab\":@0,\"merges\":@2}}"
  , {
    { "", "",
      "" },
    { "a", "0",
      "a" },
    { "abc", "32",
      "abc" },
    { " abc abc", "20 32 20 32",
      "  abc   abc" },
    { "ab  abc\n\nab!!! a!", "31 51 32 21 21 31 46 20 47",
      "ab    abc \n \n ab !!!   a!" },
    { "123 1234 12.34", "42 20 43 20 41 14 44",
      "123   1234   12 . 34" },
    { "it's abc\303\251 e\314\201 \304\260B AB", "27 7 53 20 32 9 20 4 25 20 26 6 20 61",
      "i t 's   abc \303\251   e \314\201   \304\260 B   AB" },
    { "cabs, -ab- a  ", "56 8 15 20 66 18 48 51",
      "cab s ,   -ab -  a   " },
    { "zz\344\270\255z ab", "64 28 64 49",
      "<unk> \344\270\255 <unk>  ab" },
    { "<s>ab</s> abc<unk>", "64 8 64 31 64 8 64 20 32 64",
      "<unk> s <unk> ab <unk> s <unk>   abc <unk>" },
    { "a\302\240ab \t ab", "0 30 31 20 64 49",
      "a \302\240 ab   <unk>  ab" },
    { "  ab  ", "20 49 51",
      "   ab   " },
  } },
  { "byte fallback",
  "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[],\"normalizer\":null,\"pre"
  "_tokenizer\":null,\"post_processor\":null,\"decoder\":null,\"model\":{\"type\":\"BPE\",\"dropout\":null"
  ",\"unk_token\":\"<unk>\",\"continuing_subword_prefix\":null,\"end_of_word_suffix\":null,\"fuse_unk\""
  ":false,\"byte_fallback\":true,\"ignore_merges\":false,\"vocab\":@1,\"merges\":@2}}"
  , {
    { "", "",
      "" },
    { "a", "0",
      "a" },
    { "abc", "32",
      "abc" },
    { " abc abc", "20 32 20 32",
      "  abc   abc" },
    { "ab  abc\n\nab!!! a!", "31 51 32 21 21 31 46 20 47",
      "ab    abc \n \n ab !!!   a!" },
    { "123 1234 12.34", "42 20 43 20 41 14 44",
      "123   1234   12 . 34" },
    { "it's abc\303\251 e\314\201 \304\260B AB", "27 7 53 20 32 9 20 4 25 20 26 6 20 61",
      "i t 's   abc \303\251   e \314\201   \304\260 B   AB" },
    { "cabs, -ab- a  ", "56 8 15 20 66 18 48 51",
      "cab s ,   -ab -  a   " },
    { "zz\344\270\255z ab", "192 192 28 192 49",
      "<0x7A> <0x7A> \344\270\255 <0x7A>  ab" },
    { "<s>ab</s> abc<unk>", "130 8 132 31 130 117 8 132 20 32 130 187 180 177 132",
      "<0x3C> s <0x3E> ab <0x3C> <0x2F> s <0x3E>   abc <0x3C> <0x75> <0x6E> <0x6B> <0x3E>" },
    { "a\302\240ab \t ab", "0 30 31 20 79 49",
      "a \302\240 ab   <0x09>  ab" },
    { "  ab  ", "20 49 51",
      "   ab   " },
  } },
  { "llama",
  "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[{\"single_word\":false,\"ls"
  "trip\":false,\"rstrip\":false,\"normalized\":true,\"special\":true,\"content\":\"<unk>\",\"id\":64},{\"s"
  "ingle_word\":false,\"lstrip\":false,\"rstrip\":false,\"normalized\":true,\"special\":true,\"content\""
  ":\"<s>\",\"id\":62},{\"single_word\":false,\"lstrip\":false,\"rstrip\":false,\"normalized\":true,\"spec"
  "ial\":true,\"content\":\"</s>\",\"id\":63}],\"normalizer\":{\"type\":\"Sequence\",\"normalizers\":[{\"type"
  "\":\"Prepend\",\"prepend\":\"\342\226\201\"},{\"type\":\"Replace\",\"pattern\":{\"String\":\" \"},\"content\":\"\342\226\201\"}]},\"pr"
  "e_tokenizer\":null,\"post_processor\":null,\"decoder\":{\"type\":\"Sequence\",\"decoders\":[{\"type\":\""
  "Replace\",\"pattern\":{\"String\":\"\342\226\201\"},\"content\":\" \"},{\"type\":\"ByteFallback\"},{\"type\":\"Fuse\"},{"
  "\"type\":\"Strip\",\"content\":\" \",\"start\":1,\"stop\":0}]},\"model\":{\"type\":\"BPE\",\"dropout\":null,\"u"
  "nk_token\":\"<unk>\",\"continuing_subword_prefix\":null,\"end_of_word_suffix\":null,\"fuse_unk\":tr"
  "ue,\"byte_fallback\":true,\"ignore_merges\":false,\"vocab\":@1,\"merges\":@2}}"
  , {
    { "", "",
      NULL },
    { "a", "33",
      NULL },
    { "abc", "22 32",
      NULL },
    { " abc abc", "37 32 22 32",
      NULL },
    { "ab  abc\n\nab!!! a!", "22 31 37 32 21 21 31 46 33 16",
      NULL },
    { "123 1234 12.34", "22 42 22 43 22 41 14 44",
      NULL },
    { "it's abc\303\251 e\314\201 \304\260B AB", "22 27 7 53 22 32 9 22 4 25 22 26 6 22 61",
      NULL },
    { "cabs, -ab- a  ", "22 56 8 15 22 66 18 33 37",
      NULL },
    { "zz\344\270\255z ab", "22 192 192 28 192 22 31",
      NULL },
    { "<s>ab</s> abc<unk>", "62 31 130 117 8 132 22 32 130 187 180 177 132",
      NULL },
    { "a\302\240ab \t ab", "33 30 31 22 79 22 31",
      NULL },
    { "  ab  ", "37 22 31 37",
      NULL },
  } },
  { "llama, template",
  "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[{\"single_word\":false,\"ls"
  "trip\":false,\"rstrip\":false,\"normalized\":false,\"special\":true,\"content\":\"<unk>\",\"id\":64},{\""
  "single_word\":false,\"lstrip\":false,\"rstrip\":false,\"normalized\":false,\"special\":true,\"conten"
  "t\":\"<s>\",\"id\":62},{\"single_word\":false,\"lstrip\":false,\"rstrip\":false,\"normalized\":false,\"s"
  "pecial\":true,\"content\":\"</s>\",\"id\":63}],\"normalizer\":{\"type\":\"Sequence\",\"normalizers\":[{\"t"
  "ype\":\"Prepend\",\"prepend\":\"\342\226\201\"},{\"type\":\"Replace\",\"pattern\":{\"String\":\" \"},\"content\":\"\342\226\201\"}]},"
  "\"pre_tokenizer\":null,\"post_processor\":{\"type\":\"TemplateProcessing\",\"single\":[{\"SpecialToke"
  "n\":{\"id\":\"<s>\",\"type_id\":0}},{\"Sequence\":{\"id\":\"A\",\"type_id\":0}},{\"SpecialToken\":{\"id\":\"</"
  "s>\",\"type_id\":0}}],\"pair\":[{\"Sequence\":{\"id\":\"A\",\"type_id\":0}},{\"Sequence\":{\"id\":\"B\",\"type"
  "_id\":0}}],\"special_tokens\":{\"<s>\":{\"id\":\"<s>\",\"ids\":[62],\"tokens\":[\"<s>\"]},\"</s>\":{\"id\":\"<"
  "/s>\",\"ids\":[63],\"tokens\":[\"</s>\"]}}},\"decoder\":{\"type\":\"Sequence\",\"decoders\":[{\"type\":\"Rep"
  "lace\",\"pattern\":{\"String\":\"\342\226\201\"},\"content\":\" \"},{\"type\":\"ByteFallback\"},{\"type\":\"Fuse\"},{\"ty"
  "pe\":\"Strip\",\"content\":\" \",\"start\":1,\"stop\":0}]},\"model\":{\"type\":\"BPE\",\"dropout\":null,\"unk_"
  "token\":\"<unk>\",\"continuing_subword_prefix\":null,\"end_of_word_suffix\":null,\"fuse_unk\":true,"
  "\"byte_fallback\":true,\"ignore_merges\":false,\"vocab\":@1,\"merges\":@2}}"
  , {
    { "", "62 63",
      "" },
    { "a", "62 33 63",
      "a" },
    { "abc", "62 22 32 63",
      "abc" },
    { " abc abc", "62 37 32 22 32 63",
      " abc abc" },
    { "ab  abc\n\nab!!! a!", "62 22 31 37 32 21 21 31 46 33 16 63",
      "ab  abc\n\nab!!! a!" },
    { "123 1234 12.34", "62 22 42 22 43 22 41 14 44 63",
      "123 1234 12.34" },
    { "it's abc\303\251 e\314\201 \304\260B AB", "62 22 27 7 53 22 32 9 22 4 25 22 26 6 22 61 63",
      "it's abc\303\251 e\314\201 \304\260B AB" },
    { "cabs, -ab- a  ", "62 22 56 8 15 22 66 18 33 37 63",
      "cabs, -ab- a  " },
    { "zz\344\270\255z ab", "62 22 192 192 28 192 22 31 63",
      "zz\344\270\255z ab" },
    { "<s>ab</s> abc<unk>", "62 62 22 31 63 37 32 64 63",
      "ab  abc" },
    { "a\302\240ab \t ab", "62 33 30 31 22 79 22 31 63",
      "a\302\240ab \t ab" },
    { "  ab  ", "62 37 22 31 37 63",
      "  ab  " },
  } },
  { "byte level",
  "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[],\"normalizer\":null,\"pre"
  "_tokenizer\":{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"trim_offsets\":true,\"use_regex\":t"
  "rue},\"post_processor\":null,\"decoder\":{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"trim_of"
  "fsets\":true,\"use_regex\":true},\"model\":{\"type\":\"BPE\",\"dropout\":null,\"unk_token\":null,\"conti"
  "nuing_subword_prefix\":null,\"end_of_word_suffix\":null,\"fuse_unk\":false,\"byte_fallback\":fals"
  "e,\"ignore_merges\":false,\"vocab\":@0,\"merges\":@2}}"
  , {
    { "", "",
      "" },
    { "a", "0",
      "a" },
    { "abc", "32",
      "abc" },
    { " abc abc", "23 32 23 32",
      " abc abc" },
    { "ab  abc\n\nab!!! a!", "31 23 23 32 24 24 31 46 38 16",
      "ab  abc\n\nab!!! a!" },
    { "123 1234 12.34", "42 23 43 59 14 44",
      "123 1234 12.34" },
    { "it's abc\303\251 e\314\201 \304\260B AB", "27 7 53 23 32 67 23 4 23 6 23 61",
      "it's abc\303\251 e B AB" },
    { "cabs, -ab- a  ", "56 8 15 23 18 31 18 38 60",
      "cabs, -ab- a  " },
    { "zz\344\270\255z ab", "23 31",
      " ab" },
    { "<s>ab</s> abc<unk>", "8 31 8 23 32",
      "sabs abc" },
    { "a\302\240ab \t ab", "0 31 23 23 31",
      "aab  ab" },
    { "  ab  ", "23 23 31 60",
      "  ab  " },
  } },
  { "byte level, prefix space",
  "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[],\"normalizer\":null,\"pre"
  "_tokenizer\":{\"type\":\"ByteLevel\",\"add_prefix_space\":true,\"trim_offsets\":true,\"use_regex\":tr"
  "ue},\"post_processor\":null,\"decoder\":{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"trim_off"
  "sets\":true,\"use_regex\":true},\"model\":{\"type\":\"BPE\",\"dropout\":null,\"unk_token\":null,\"contin"
  "uing_subword_prefix\":null,\"end_of_word_suffix\":null,\"fuse_unk\":false,\"byte_fallback\":false"
  ",\"ignore_merges\":false,\"vocab\":@0,\"merges\":@2}}"
  , {
    { "", "",
      "" },
    { "a", "38",
      " a" },
    { "abc", "23 32",
      " abc" },
    { " abc abc", "23 32 23 32",
      " abc abc" },
    { "ab  abc\n\nab!!! a!", "23 31 23 23 32 24 24 31 46 38 16",
      " ab  abc\n\nab!!! a!" },
    { "123 1234 12.34", "23 42 23 43 59 14 44",
      " 123 1234 12.34" },
    { "it's abc\303\251 e\314\201 \304\260B AB", "23 27 7 53 23 32 67 23 4 23 6 23 61",
      " it's abc\303\251 e B AB" },
    { "cabs, -ab- a  ", "23 56 8 15 23 18 31 18 38 60",
      " cabs, -ab- a  " },
    { "zz\344\270\255z ab", "23 23 31",
      "  ab" },
    { "<s>ab</s> abc<unk>", "23 8 31 8 23 32",
      " sabs abc" },
    { "a\302\240ab \t ab", "38 31 23 23 31",
      " aab  ab" },
    { "  ab  ", "23 23 31 60",
      "  ab  " },
  } },
  { "byte level, no regex",
  "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[],\"normalizer\":null,\"pre"
  "_tokenizer\":{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"trim_offsets\":true,\"use_regex\":f"
  "alse},\"post_processor\":null,\"decoder\":{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"trim_o"
  "ffsets\":true,\"use_regex\":true},\"model\":{\"type\":\"BPE\",\"dropout\":null,\"unk_token\":null,\"cont"
  "inuing_subword_prefix\":null,\"end_of_word_suffix\":null,\"fuse_unk\":false,\"byte_fallback\":fal"
  "se,\"ignore_merges\":false,\"vocab\":@0,\"merges\":@2}}"
  , {
    { "", "",
      "" },
    { "a", "0",
      "a" },
    { "abc", "32",
      "abc" },
    { " abc abc", "23 32 23 32",
      " abc abc" },
    { "ab  abc\n\nab!!! a!", "31 60 32 24 24 31 46 38 16",
      "ab  abc\n\nab!!! a!" },
    { "123 1234 12.34", "42 23 43 59 14 44",
      "123 1234 12.34" },
    { "it's abc\303\251 e\314\201 \304\260B AB", "27 7 53 23 32 67 23 4 23 6 23 61",
      "it's abc\303\251 e B AB" },
    { "cabs, -ab- a  ", "56 8 15 23 66 18 38 60",
      "cabs, -ab- a  " },
    { "zz\344\270\255z ab", "23 31",
      " ab" },
    { "<s>ab</s> abc<unk>", "8 31 8 23 32",
      "sabs abc" },
    { "a\302\240ab \t ab", "0 31 60 31",
      "aab  ab" },
    { "  ab  ", "60 31 60",
      "  ab  " },
  } },
  { "byte level normalizer",
  "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[],\"normalizer\":{\"type\":\""
  "ByteLevel\"},\"pre_tokenizer\":null,\"post_processor\":null,\"decoder\":{\"type\":\"ByteLevel\",\"add_"
  "prefix_space\":false,\"trim_offsets\":true,\"use_regex\":true},\"model\":{\"type\":\"BPE\",\"dropout\":"
  "null,\"unk_token\":null,\"continuing_subword_prefix\":null,\"end_of_word_suffix\":null,\"fuse_unk"
  "\":false,\"byte_fallback\":false,\"ignore_merges\":false,\"vocab\":@0,\"merges\":@2}}"
  , {
    { "", "",
      "" },
    { "a", "0",
      "a" },
    { "abc", "32",
      "abc" },
    { " abc abc", "23 32 23 32",
      " abc abc" },
    { "ab  abc\n\nab!!! a!", "31 60 32 24 24 31 46 38 16",
      "ab  abc\n\nab!!! a!" },
    { "123 1234 12.34", "42 23 43 59 14 44",
      "123 1234 12.34" },
    { "it's abc\303\251 e\314\201 \304\260B AB", "27 7 53 23 32 67 23 4 23 6 23 61",
      "it's abc\303\251 e B AB" },
    { "cabs, -ab- a  ", "56 8 15 23 66 18 38 60",
      "cabs, -ab- a  " },
    { "zz\344\270\255z ab", "23 31",
      " ab" },
    { "<s>ab</s> abc<unk>", "8 31 8 23 32",
      "sabs abc" },
    { "a\302\240ab \t ab", "0 31 60 31",
      "aab  ab" },
    { "  ab  ", "60 31 60",
      "  ab  " },
  } },
  { "ignore merges",
  "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[],\"normalizer\":null,\"pre"
  "_tokenizer\":{\"type\":\"WhitespaceSplit\"},\"post_processor\":null,\"decoder\":null,\"model\":{\"type"
  "\":\"BPE\",\"dropout\":null,\"unk_token\":null,\"continuing_subword_prefix\":null,\"end_of_word_suff"
  "ix\":null,\"fuse_unk\":false,\"byte_fallback\":false,\"ignore_merges\":true,\"vocab\":@0,\"merges\":@"
  "2}}"
  , {
    { "", "",
      "" },
    { "a", "0",
      "a" },
    { "abc", "32",
      "abc" },
    { " abc abc", "32 32",
      "abc abc" },
    { "ab  abc\n\nab!!! a!", "31 32 31 46 47",
      "ab abc ab !!! a!" },
    { "123 1234 12.34", "42 43 41 14 44",
      "123 1234 12 . 34" },
    { "it's abc\303\251 e\314\201 \304\260B AB", "27 7 53 32 9 29 26 6 61",
      "i t 's abc \303\251 e\314\201 \304\260 B AB" },
    { "cabs, -ab- a  ", "56 8 15 66 18 0",
      "cab s , -ab - a" },
    { "zz\344\270\255z ab", "28 31",
      "\344\270\255 ab" },
    { "<s>ab</s> abc<unk>", "8 31 8 32",
      "s ab s abc" },
    { "a\302\240ab \t ab", "0 31 31",
      "a ab ab" },
    { "  ab  ", "31",
      "ab" },
  } },
  { "affixes",
  "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[],\"normalizer\":null,\"pre"
  "_tokenizer\":{\"type\":\"WhitespaceSplit\"},\"post_processor\":null,\"decoder\":null,\"model\":{\"type"
  "\":\"BPE\",\"dropout\":null,\"unk_token\":\"<unk>\",\"continuing_subword_prefix\":\"-\",\"end_of_word_su"
  "ffix\":\"!\",\"fuse_unk\":false,\"byte_fallback\":false,\"ignore_merges\":false,\"vocab\":@0,\"merges\""
  ":[]}}"
  , {
    { "", "",
      "" },
    { "a", "47",
      "a!" },
    { "abc", "0 64 64",
      "a <unk> <unk>" },
    { " abc abc", "0 64 64 0 64 64",
      "a <unk> <unk> a <unk> <unk>" },
    { "ab  abc\n\nab!!! a!", "0 64 0 64 64 0 64 64 64 64 0 64",
      "a <unk> a <unk> <unk> a <unk> <unk> <unk> <unk> a <unk>" },
    { "123 1234 12.34", "10 64 64 10 64 64 64 10 64 64 64 64",
      "1 <unk> <unk> 1 <unk> <unk> <unk> 1 <unk> <unk> <unk> <unk>" },
    { "it's abc\303\251 e\314\201 \304\260B AB", "27 64 64 64 0 64 64 64 4 64 26 64 5 64",
      "i <unk> <unk> <unk> a <unk> <unk> <unk> e <unk> \304\260 <unk> A <unk>" },
    { "cabs, -ab- a  ", "2 65 64 64 64 18 65 64 64 47",
      "c -a <unk> <unk> <unk> - -a <unk> <unk> a!" },
    { "zz\344\270\255z ab", "64 64 64 64 0 64",
      "<unk> <unk> <unk> <unk> a <unk>" },
    { "<s>ab</s> abc<unk>", "64 64 64 65 64 64 64 64 64 0 64 64 64 64 64 64 64",
      "<unk> <unk> <unk> -a <unk> <unk> <unk> <unk> <unk> a <unk> <unk> <unk> <unk> <unk> <unk> <unk>" },
    { "a\302\240ab \t ab", "47 0 64 0 64",
      "a! a <unk> a <unk>" },
    { "  ab  ", "0 64",
      "a <unk>" },
  } },
  { "bpe decoder",
  "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[],\"normalizer\":null,\"pre"
  "_tokenizer\":{\"type\":\"WhitespaceSplit\"},\"post_processor\":null,\"decoder\":{\"type\":\"BPEDecoder"
  "\",\"suffix\":\"c\"},\"model\":{\"type\":\"BPE\",\"dropout\":null,\"unk_token\":null,\"continuing_subword_"
  "prefix\":null,\"end_of_word_suffix\":null,\"fuse_unk\":false,\"byte_fallback\":false,\"ignore_merg"
  "es\":false,\"vocab\":@0,\"merges\":@2}}"
  , {
    { "", "",
      "" },
    { "a", "0",
      "a" },
    { "abc", "32",
      "ab" },
    { " abc abc", "32 32",
      "ab ab" },
    { "ab  abc\n\nab!!! a!", "31 32 31 46 47",
      "abab ab!!!a!" },
    { "123 1234 12.34", "42 43 41 14 44",
      "123123412.34" },
    { "it's abc\303\251 e\314\201 \304\260B AB", "27 7 53 32 9 4 25 26 6 61",
      "it'sab \303\251e\314\201\304\260BAB" },
    { "cabs, -ab- a  ", "56 8 15 66 18 0",
      " abs,-ab-a" },
    { "zz\344\270\255z ab", "28 31",
      "\344\270\255ab" },
    { "<s>ab</s> abc<unk>", "8 31 8 32",
      "sabsab" },
    { "a\302\240ab \t ab", "0 31 31",
      "aabab" },
    { "  ab  ", "31",
      "ab" },
  } },
  { "split isolated",
  "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[],\"normalizer\":null,\"pre"
  "_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"Regex\":\"b\"},\"behavior\":\"Isolated\",\"invert\":false},"
  "\"post_processor\":null,\"decoder\":null,\"model\":{\"type\":\"BPE\",\"dropout\":null,\"unk_token\":\"<un"
  "k>\",\"continuing_subword_prefix\":null,\"end_of_word_suffix\":null,\"fuse_unk\":false,\"byte_fall"
  "back\":false,\"ignore_merges\":false,\"vocab\":@0,\"merges\":@2}}"
  , {
    { "", "",
      "" },
    { "a", "0",
      "a" },
    { "abc", "0 1 2",
      "a b c" },
    { " abc abc", "48 1 2 48 1 2",
      " a b c  a b c" },
    { "ab  abc\n\nab!!! a!", "0 1 20 48 1 2 21 21 0 1 46 20 47",
      "a b    a b c \n \n a b !!!   a!" },
    { "123 1234 12.34", "42 20 43 20 41 14 44",
      "123   1234   12 . 34" },
    { "it's abc\303\251 e\314\201 \304\260B AB", "27 7 53 48 1 2 9 20 4 25 20 26 6 20 61",
      "i t 's  a b c \303\251   e \314\201   \304\260 B   AB" },
    { "cabs, -ab- a  ", "2 0 1 8 15 20 65 1 18 48 51",
      "c a b s ,   -a b -  a   " },
    { "zz\344\270\255z ab", "64 64 28 64 48 1",
      "<unk> <unk> \344\270\255 <unk>  a b" },
    { "<s>ab</s> abc<unk>", "64 8 64 0 1 64 64 8 64 48 1 2 64 64 64 64 64",
      "<unk> s <unk> a b <unk> <unk> s <unk>  a b c <unk> <unk> <unk> <unk> <unk>" },
    { "a\302\240ab \t ab", "0 30 0 1 20 64 48 1",
      "a \302\240 a b   <unk>  a b" },
    { "  ab  ", "20 48 1 51",
      "   a b   " },
  } },
  { "split removed",
  "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[],\"normalizer\":null,\"pre"
  "_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"Regex\":\"b\"},\"behavior\":\"Removed\",\"invert\":false},\""
  "post_processor\":null,\"decoder\":null,\"model\":{\"type\":\"BPE\",\"dropout\":null,\"unk_token\":\"<unk"
  ">\",\"continuing_subword_prefix\":null,\"end_of_word_suffix\":null,\"fuse_unk\":false,\"byte_fallb"
  "ack\":false,\"ignore_merges\":false,\"vocab\":@0,\"merges\":@2}}"
  , {
    { "", "",
      "" },
    { "a", "0",
      "a" },
    { "abc", "0 2",
      "a c" },
    { " abc abc", "48 2 48 2",
      " a c  a c" },
    { "ab  abc\n\nab!!! a!", "0 20 48 2 21 21 0 46 20 47",
      "a    a c \n \n a !!!   a!" },
    { "123 1234 12.34", "42 20 43 20 41 14 44",
      "123   1234   12 . 34" },
    { "it's abc\303\251 e\314\201 \304\260B AB", "27 7 53 48 2 9 20 4 25 20 26 6 20 61",
      "i t 's  a c \303\251   e \314\201   \304\260 B   AB" },
    { "cabs, -ab- a  ", "2 0 8 15 20 65 18 48 51",
      "c a s ,   -a -  a   " },
    { "zz\344\270\255z ab", "64 64 28 64 48",
      "<unk> <unk> \344\270\255 <unk>  a" },
    { "<s>ab</s> abc<unk>", "64 8 64 0 64 64 8 64 48 2 64 64 64 64 64",
      "<unk> s <unk> a <unk> <unk> s <unk>  a c <unk> <unk> <unk> <unk> <unk>" },
    { "a\302\240ab \t ab", "0 30 0 20 64 48",
      "a \302\240 a   <unk>  a" },
    { "  ab  ", "20 48 51",
      "   a   " },
  } },
  { "split previous",
  "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[],\"normalizer\":null,\"pre"
  "_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"Regex\":\"[ab]\"},\"behavior\":\"MergedWithPrevious\",\"in"
  "vert\":false},\"post_processor\":null,\"decoder\":null,\"model\":{\"type\":\"BPE\",\"dropout\":null,\"un"
  "k_token\":\"<unk>\",\"continuing_subword_prefix\":null,\"end_of_word_suffix\":null,\"fuse_unk\":fal"
  "se,\"byte_fallback\":false,\"ignore_merges\":false,\"vocab\":@0,\"merges\":@2}}"
  , {
    { "", "",
      "" },
    { "a", "0",
      "a" },
    { "abc", "0 1 2",
      "a b c" },
    { " abc abc", "48 1 2 48 1 2",
      " a b c  a b c" },
    { "ab  abc\n\nab!!! a!", "0 1 20 48 1 2 21 21 0 1 46 48 16",
      "a b    a b c \n \n a b !!!  a !" },
    { "123 1234 12.34", "42 20 43 20 41 14 44",
      "123   1234   12 . 34" },
    { "it's abc\303\251 e\314\201 \304\260B AB", "27 7 53 48 1 2 9 20 4 25 20 26 6 20 61",
      "i t 's  a b c \303\251   e \314\201   \304\260 B   AB" },
    { "cabs, -ab- a  ", "2 0 1 8 15 20 65 1 18 48 51",
      "c a b s ,   -a b -  a   " },
    { "zz\344\270\255z ab", "64 64 28 64 48 1",
      "<unk> <unk> \344\270\255 <unk>  a b" },
    { "<s>ab</s> abc<unk>", "64 8 64 0 1 64 64 8 64 48 1 2 64 64 64 64 64",
      "<unk> s <unk> a b <unk> <unk> s <unk>  a b c <unk> <unk> <unk> <unk> <unk>" },
    { "a\302\240ab \t ab", "0 30 0 1 20 64 48 1",
      "a \302\240 a b   <unk>  a b" },
    { "  ab  ", "20 48 1 51",
      "   a b   " },
  } },
  { "split next",
  "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[],\"normalizer\":null,\"pre"
  "_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"Regex\":\"[ab]\"},\"behavior\":\"MergedWithNext\",\"invert"
  "\":false},\"post_processor\":null,\"decoder\":null,\"model\":{\"type\":\"BPE\",\"dropout\":null,\"unk_to"
  "ken\":\"<unk>\",\"continuing_subword_prefix\":null,\"end_of_word_suffix\":null,\"fuse_unk\":false,\""
  "byte_fallback\":false,\"ignore_merges\":false,\"vocab\":@0,\"merges\":@2}}"
  , {
    { "", "",
      "" },
    { "a", "0",
      "a" },
    { "abc", "0 1 2",
      "a b c" },
    { " abc abc", "20 0 1 2 20 0 1 2",
      "  a b c   a b c" },
    { "ab  abc\n\nab!!! a!", "0 1 51 0 1 2 21 21 0 1 46 20 47",
      "a b    a b c \n \n a b !!!   a!" },
    { "123 1234 12.34", "42 20 43 20 41 14 44",
      "123   1234   12 . 34" },
    { "it's abc\303\251 e\314\201 \304\260B AB", "27 7 53 20 0 1 2 9 20 4 25 20 26 6 20 61",
      "i t 's   a b c \303\251   e \314\201   \304\260 B   AB" },
    { "cabs, -ab- a  ", "2 0 1 8 15 20 18 0 1 18 20 50 20",
      "c a b s ,   - a b -   a   " },
    { "zz\344\270\255z ab", "64 64 28 64 20 0 1",
      "<unk> <unk> \344\270\255 <unk>   a b" },
    { "<s>ab</s> abc<unk>", "64 8 64 0 1 64 64 8 64 20 0 1 2 64 64 64 64 64",
      "<unk> s <unk> a b <unk> <unk> s <unk>   a b c <unk> <unk> <unk> <unk> <unk>" },
    { "a\302\240ab \t ab", "0 30 0 1 20 64 20 0 1",
      "a \302\240 a b   <unk>   a b" },
    { "  ab  ", "51 0 1 51",
      "   a b   " },
  } },
  { "split contiguous",
  "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[],\"normalizer\":null,\"pre"
  "_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"Regex\":\"[ab!]\"},\"behavior\":\"Contiguous\",\"invert\":f"
  "alse},\"post_processor\":null,\"decoder\":null,\"model\":{\"type\":\"BPE\",\"dropout\":null,\"unk_token"
  "\":\"<unk>\",\"continuing_subword_prefix\":null,\"end_of_word_suffix\":null,\"fuse_unk\":false,\"byt"
  "e_fallback\":false,\"ignore_merges\":false,\"vocab\":@0,\"merges\":@2}}"
  , {
    { "", "",
      "" },
    { "a", "0",
      "a" },
    { "abc", "31 2",
      "ab c" },
    { " abc abc", "20 31 2 20 31 2",
      "  ab c   ab c" },
    { "ab  abc\n\nab!!! a!", "31 51 31 2 21 21 31 46 20 47",
      "ab    ab c \n \n ab !!!   a!" },
    { "123 1234 12.34", "42 20 43 20 41 14 44",
      "123   1234   12 . 34" },
    { "it's abc\303\251 e\314\201 \304\260B AB", "27 7 53 20 31 2 9 20 4 25 20 26 6 20 61",
      "i t 's   ab c \303\251   e \314\201   \304\260 B   AB" },
    { "cabs, -ab- a  ", "2 31 8 15 20 18 31 18 20 0 51",
      "c ab s ,   - ab -   a   " },
    { "zz\344\270\255z ab", "64 64 28 64 20 31",
      "<unk> <unk> \344\270\255 <unk>   ab" },
    { "<s>ab</s> abc<unk>", "64 8 64 31 64 64 8 64 20 31 2 64 64 64 64 64",
      "<unk> s <unk> ab <unk> <unk> s <unk>   ab c <unk> <unk> <unk> <unk> <unk>" },
    { "a\302\240ab \t ab", "0 30 31 20 64 20 31",
      "a \302\240 ab   <unk>   ab" },
    { "  ab  ", "51 31 51",
      "   ab   " },
  } },
  { "split inverted",
  "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[],\"normalizer\":null,\"pre"
  "_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"Regex\":\"[abc]+\"},\"behavior\":\"Removed\",\"invert\":tru"
  "e},\"post_processor\":null,\"decoder\":null,\"model\":{\"type\":\"BPE\",\"dropout\":null,\"unk_token\":\""
  "<unk>\",\"continuing_subword_prefix\":null,\"end_of_word_suffix\":null,\"fuse_unk\":false,\"byte_f"
  "allback\":false,\"ignore_merges\":false,\"vocab\":@0,\"merges\":@2}}"
  , {
    { "", "",
      "" },
    { "a", "0",
      "a" },
    { "abc", "32",
      "abc" },
    { " abc abc", "32 32",
      "abc abc" },
    { "ab  abc\n\nab!!! a!", "31 32 31 0",
      "ab abc ab a" },
    { "123 1234 12.34", "",
      "" },
    { "it's abc\303\251 e\314\201 \304\260B AB", "32",
      "abc" },
    { "cabs, -ab- a  ", "56 31 0",
      "cab ab a" },
    { "zz\344\270\255z ab", "31",
      "ab" },
    { "<s>ab</s> abc<unk>", "31 32",
      "ab abc" },
    { "a\302\240ab \t ab", "0 31 31",
      "a ab ab" },
    { "  ab  ", "31",
      "ab" },
  } },
  { "split string",
  "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[],\"normalizer\":null,\"pre"
  "_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"String\":\"ab\"},\"behavior\":\"MergedWithPrevious\",\"inv"
  "ert\":false},\"post_processor\":null,\"decoder\":null,\"model\":{\"type\":\"BPE\",\"dropout\":null,\"unk"
  "_token\":\"<unk>\",\"continuing_subword_prefix\":null,\"end_of_word_suffix\":null,\"fuse_unk\":fals"
  "e,\"byte_fallback\":false,\"ignore_merges\":false,\"vocab\":@0,\"merges\":@2}}"
  , {
    { "", "",
      "" },
    { "a", "0",
      "a" },
    { "abc", "31 2",
      "ab c" },
    { " abc abc", "49 2 49 2",
      " ab c  ab c" },
    { "ab  abc\n\nab!!! a!", "31 20 49 2 21 21 31 46 20 47",
      "ab    ab c \n \n ab !!!   a!" },
    { "123 1234 12.34", "42 20 43 20 41 14 44",
      "123   1234   12 . 34" },
    { "it's abc\303\251 e\314\201 \304\260B AB", "27 7 53 49 2 9 20 4 25 20 26 6 20 61",
      "i t 's  ab c \303\251   e \314\201   \304\260 B   AB" },
    { "cabs, -ab- a  ", "56 8 15 20 66 18 48 51",
      "cab s ,   -ab -  a   " },
    { "zz\344\270\255z ab", "64 64 28 64 49",
      "<unk> <unk> \344\270\255 <unk>  ab" },
    { "<s>ab</s> abc<unk>", "64 8 64 31 64 64 8 64 49 2 64 64 64 64 64",
      "<unk> s <unk> ab <unk> <unk> s <unk>  ab c <unk> <unk> <unk> <unk> <unk>" },
    { "a\302\240ab \t ab", "0 30 31 20 64 49",
      "a \302\240 ab   <unk>  ab" },
    { "  ab  ", "20 49 51",
      "   ab   " },
  } },
  { "split string next",
  "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[],\"normalizer\":null,\"pre"
  "_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"String\":\" \"},\"behavior\":\"MergedWithNext\",\"invert\":"
  "false},\"post_processor\":null,\"decoder\":null,\"model\":{\"type\":\"BPE\",\"dropout\":null,\"unk_toke"
  "n\":\"<unk>\",\"continuing_subword_prefix\":null,\"end_of_word_suffix\":null,\"fuse_unk\":false,\"by"
  "te_fallback\":false,\"ignore_merges\":false,\"vocab\":@0,\"merges\":@2}}"
  , {
    { "", "",
      "" },
    { "a", "0",
      "a" },
    { "abc", "32",
      "abc" },
    { " abc abc", "20 32 20 32",
      "  abc   abc" },
    { "ab  abc\n\nab!!! a!", "31 20 20 32 21 21 31 46 20 47",
      "ab     abc \n \n ab !!!   a!" },
    { "123 1234 12.34", "42 20 43 20 41 14 44",
      "123   1234   12 . 34" },
    { "it's abc\303\251 e\314\201 \304\260B AB", "27 7 53 20 32 9 20 4 25 20 26 6 20 61",
      "i t 's   abc \303\251   e \314\201   \304\260 B   AB" },
    { "cabs, -ab- a  ", "56 8 15 20 66 18 48 20 20",
      "cab s ,   -ab -  a    " },
    { "zz\344\270\255z ab", "64 64 28 64 49",
      "<unk> <unk> \344\270\255 <unk>  ab" },
    { "<s>ab</s> abc<unk>", "64 8 64 31 64 64 8 64 20 32 64 64 64 64 64",
      "<unk> s <unk> ab <unk> <unk> s <unk>   abc <unk> <unk> <unk> <unk> <unk>" },
    { "a\302\240ab \t ab", "0 30 31 20 64 49",
      "a \302\240 ab   <unk>  ab" },
    { "  ab  ", "20 49 20 20",
      "   ab    " },
  } },
  { "split classes",
  "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[],\"normalizer\":null,\"pre"
  "_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"Regex\":\"\\\\s+|\\\\w+(?!\\\\S)|\\\\p{Han}|\\\\d\"},\"behavior\""
  ":\"Isolated\",\"invert\":false},\"post_processor\":null,\"decoder\":null,\"model\":{\"type\":\"BPE\",\"dr"
  "opout\":null,\"unk_token\":\"<unk>\",\"continuing_subword_prefix\":null,\"end_of_word_suffix\":null"
  ",\"fuse_unk\":false,\"byte_fallback\":false,\"ignore_merges\":false,\"vocab\":@0,\"merges\":@2}}"
  , {
    { "", "",
      "" },
    { "a", "0",
      "a" },
    { "abc", "32",
      "abc" },
    { " abc abc", "20 32 20 32",
      "  abc   abc" },
    { "ab  abc\n\nab!!! a!", "31 51 32 21 21 31 46 20 47",
      "ab    abc \n \n ab !!!   a!" },
    { "123 1234 12.34", "42 20 43 20 10 11 14 44",
      "123   1234   1 2 . 34" },
    { "it's abc\303\251 e\314\201 \304\260B AB", "27 7 19 8 20 32 9 20 4 25 20 26 6 20 61",
      "i t ' s   abc \303\251   e \314\201   \304\260 B   AB" },
    { "cabs, -ab- a  ", "56 8 15 20 66 18 20 0 51",
      "cab s ,   -ab -   a   " },
    { "zz\344\270\255z ab", "64 64 28 64 20 31",
      "<unk> <unk> \344\270\255 <unk>   ab" },
    { "<s>ab</s> abc<unk>", "64 8 64 31 64 64 8 64 20 32 64 64 64 64 64",
      "<unk> s <unk> ab <unk> <unk> s <unk>   abc <unk> <unk> <unk> <unk> <unk>" },
    { "a\302\240ab \t ab", "0 30 31 20 64 20 31",
      "a \302\240 ab   <unk>   ab" },
    { "  ab  ", "51 31 51",
      "   ab   " },
  } },
  { "split unicode escape",
  "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[],\"normalizer\":null,\"pre"
  "_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"Regex\":\"[\\\\u00e9\\\\h]\"},\"behavior\":\"Isolated\",\"inve"
  "rt\":false},\"post_processor\":null,\"decoder\":null,\"model\":{\"type\":\"BPE\",\"dropout\":null,\"unk_"
  "token\":\"<unk>\",\"continuing_subword_prefix\":null,\"end_of_word_suffix\":null,\"fuse_unk\":false"
  ",\"byte_fallback\":false,\"ignore_merges\":false,\"vocab\":@0,\"merges\":@2}}"
  , {
    { "", "",
      "" },
    { "a", "0",
      "a" },
    { "abc", "0 1 2",
      "a b c" },
    { " abc abc", "20 0 1 2 20 0 1 2",
      "  a b c   a b c" },
    { "ab  abc\n\nab!!! a!", "0 1 51 0 1 2 21 21 0 1 46 20 0 16",
      "a b    a b c \n \n a b !!!   a !" },
    { "123 1234 12.34", "10 11 12 20 10 11 12 13 20 10 11 14 12 13",
      "1 2 3   1 2 3 4   1 2 . 3 4" },
    { "it's abc\303\251 e\314\201 \304\260B AB", "27 7 53 20 0 1 2 9 20 4 25 20 26 6 20 5 6",
      "i t 's   a b c \303\251   e \314\201   \304\260 B   A B" },
    { "cabs, -ab- a  ", "2 0 1 8 15 20 18 0 1 18 20 0 51",
      "c a b s ,   - a b -   a   " },
    { "zz\344\270\255z ab", "64 64 28 64 20 0 1",
      "<unk> <unk> \344\270\255 <unk>   a b" },
    { "<s>ab</s> abc<unk>", "64 8 64 0 1 64 64 8 64 20 0 1 2 64 64 64 64 64",
      "<unk> s <unk> a b <unk> <unk> s <unk>   a b c <unk> <unk> <unk> <unk> <unk>" },
    { "a\302\240ab \t ab", "0 30 0 1 20 64 20 0 1",
      "a \302\240 a b   <unk>   a b" },
    { "  ab  ", "51 0 1 51",
      "   a b   " },
  } },
  { "llama-3 expression",
  "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[],\"normalizer\":null,\"pre"
  "_tokenizer\":{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"Split\",\"pattern\":{\"Regex\":\"(?i:'s"
  "|'t|'re|'ve|'m|'ll|'d)|[^\\\\r\\\\n\\\\p{L}\\\\p{N}]?\\\\p{L}+|\\\\p{N}{1,3}| ?[^\\\\s\\\\p{L}\\\\p{N}]+[\\\\r"
  "\\\\n]*|\\\\s*[\\\\r\\\\n]+|\\\\s+(?!\\\\S)|\\\\s+\"},\"behavior\":\"Isolated\",\"invert\":false},{\"type\":\"Byte"
  "Level\",\"add_prefix_space\":false,\"trim_offsets\":true,\"use_regex\":false}]},\"post_processor\":"
  "null,\"decoder\":{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"trim_offsets\":true,\"use_regex"
  "\":true},\"model\":{\"type\":\"BPE\",\"dropout\":null,\"unk_token\":\"<unk>\",\"continuing_subword_prefi"
  "x\":null,\"end_of_word_suffix\":null,\"fuse_unk\":false,\"byte_fallback\":false,\"ignore_merges\":t"
  "rue,\"vocab\":@0,\"merges\":@2}}"
  , {
    { "", "",
      "" },
    { "a", "0",
      "a" },
    { "abc", "32",
      "abc" },
    { " abc abc", "40 40",
      " abc abc" },
    { "ab  abc\n\nab!!! a!", "31 23 40 24 24 31 46 38 16",
      "ab  abc\n\nab!!! a!" },
    { "123 1234 12.34", "42 23 42 13 23 41 14 44",
      "123 1234 12.34" },
    { "it's abc\303\251 e\314\201 \304\260B AB", "27 7 53 23 32 67 23 4 64 64 23 64 64 6 23 61",
      "it's abc\303\251 e<unk><unk> <unk><unk>B AB" },
    { "cabs, -ab- a  ", "56 8 15 23 18 31 18 38 60",
      "cabs, -ab- a  " },
    { "zz\344\270\255z ab", "64 64 64 64 64 64 39",
      "<unk><unk><unk><unk><unk><unk> ab" },
    { "<s>ab</s> abc<unk>", "64 8 64 31 64 64 8 64 40 64 64 64 64 64",
      "<unk>s<unk>ab<unk><unk>s<unk> abc<unk><unk><unk><unk><unk>" },
    { "a\302\240ab \t ab", "0 64 64 31 23 64 39",
      "a<unk><unk>ab <unk> ab" },
    { "  ab  ", "23 39 60",
      "  ab  " },
  } },
  { "metaspace always",
  "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[],\"normalizer\":null,\"pre"
  "_tokenizer\":{\"type\":\"Metaspace\",\"replacement\":\"\342\226\201\",\"prepend_scheme\":\"always\",\"split\":true},"
  "\"post_processor\":null,\"decoder\":{\"type\":\"Metaspace\",\"replacement\":\"\342\226\201\",\"prepend_scheme\":\"al"
  "ways\",\"split\":true},\"model\":{\"type\":\"BPE\",\"dropout\":null,\"unk_token\":\"<unk>\",\"continuing_s"
  "ubword_prefix\":null,\"end_of_word_suffix\":null,\"fuse_unk\":false,\"byte_fallback\":false,\"igno"
  "re_merges\":false,\"vocab\":@0,\"merges\":@2}}"
  , {
    { "", "",
      "" },
    { "a", "33",
      "a" },
    { "abc", "22 32",
      "abc" },
    { " abc abc", "22 32 22 32",
      "abc abc" },
    { "ab  abc\n\nab!!! a!", "22 31 22 22 32 21 21 31 46 33 16",
      "ab  abc\n\nab!!! a!" },
    { "123 1234 12.34", "22 42 22 43 22 41 14 44",
      "123 1234 12.34" },
    { "it's abc\303\251 e\314\201 \304\260B AB", "22 27 7 53 22 32 9 22 4 25 22 26 6 22 61",
      "it's abc\303\251 e\314\201 \304\260B AB" },
    { "cabs, -ab- a  ", "22 56 8 15 22 66 18 33 22 22",
      "cabs, -ab- a  " },
    { "zz\344\270\255z ab", "22 64 64 28 64 22 31",
      "<unk><unk>\344\270\255<unk> ab" },
    { "<s>ab</s> abc<unk>", "22 64 8 64 31 64 64 8 64 22 32 64 64 64 64 64",
      "<unk>s<unk>ab<unk><unk>s<unk> abc<unk><unk><unk><unk><unk>" },
    { "a\302\240ab \t ab", "33 30 31 22 64 22 31",
      "a\302\240ab <unk> ab" },
    { "  ab  ", "22 22 31 22 22",
      " ab  " },
  } },
  { "metaspace first",
  "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[{\"single_word\":false,\"ls"
  "trip\":false,\"rstrip\":false,\"normalized\":false,\"special\":true,\"content\":\"<unk>\",\"id\":64},{\""
  "single_word\":false,\"lstrip\":false,\"rstrip\":false,\"normalized\":false,\"special\":true,\"conten"
  "t\":\"<s>\",\"id\":62},{\"single_word\":false,\"lstrip\":false,\"rstrip\":false,\"normalized\":false,\"s"
  "pecial\":true,\"content\":\"</s>\",\"id\":63}],\"normalizer\":null,\"pre_tokenizer\":{\"type\":\"Metaspa"
  "ce\",\"replacement\":\"\342\226\201\",\"prepend_scheme\":\"first\",\"split\":true},\"post_processor\":null,\"decode"
  "r\":{\"type\":\"Metaspace\",\"replacement\":\"\342\226\201\",\"prepend_scheme\":\"first\",\"split\":true},\"model\":{\""
  "type\":\"BPE\",\"dropout\":null,\"unk_token\":\"<unk>\",\"continuing_subword_prefix\":null,\"end_of_wo"
  "rd_suffix\":null,\"fuse_unk\":false,\"byte_fallback\":false,\"ignore_merges\":false,\"vocab\":@0,\"m"
  "erges\":@2}}"
  , {
    { "", "",
      "" },
    { "a", "33",
      "a" },
    { "abc", "22 32",
      "abc" },
    { " abc abc", "22 32 22 32",
      "abc abc" },
    { "ab  abc\n\nab!!! a!", "22 31 22 22 32 21 21 31 46 33 16",
      "ab  abc\n\nab!!! a!" },
    { "123 1234 12.34", "22 42 22 43 22 41 14 44",
      "123 1234 12.34" },
    { "it's abc\303\251 e\314\201 \304\260B AB", "22 27 7 53 22 32 9 22 4 25 22 26 6 22 61",
      "it's abc\303\251 e\314\201 \304\260B AB" },
    { "cabs, -ab- a  ", "22 56 8 15 22 66 18 33 22 22",
      "cabs, -ab- a  " },
    { "zz\344\270\255z ab", "22 64 64 28 64 22 31",
      "\344\270\255 ab" },
    { "<s>ab</s> abc<unk>", "62 31 63 22 32 64",
      "ab abc" },
    { "a\302\240ab \t ab", "33 30 31 22 64 22 31",
      "a\302\240ab  ab" },
    { "  ab  ", "22 22 31 22 22",
      " ab  " },
  } },
  { "metaspace never",
  "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[],\"normalizer\":null,\"pre"
  "_tokenizer\":{\"type\":\"Metaspace\",\"replacement\":\"\342\226\201\",\"prepend_scheme\":\"never\",\"split\":true},\""
  "post_processor\":null,\"decoder\":{\"type\":\"Metaspace\",\"replacement\":\"\342\226\201\",\"prepend_scheme\":\"nev"
  "er\",\"split\":true},\"model\":{\"type\":\"BPE\",\"dropout\":null,\"unk_token\":\"<unk>\",\"continuing_sub"
  "word_prefix\":null,\"end_of_word_suffix\":null,\"fuse_unk\":false,\"byte_fallback\":false,\"ignore"
  "_merges\":false,\"vocab\":@0,\"merges\":@2}}"
  , {
    { "", "",
      "" },
    { "a", "0",
      "a" },
    { "abc", "32",
      "abc" },
    { " abc abc", "22 32 22 32",
      " abc abc" },
    { "ab  abc\n\nab!!! a!", "31 22 22 32 21 21 31 46 33 16",
      "ab  abc\n\nab!!! a!" },
    { "123 1234 12.34", "42 22 43 22 41 14 44",
      "123 1234 12.34" },
    { "it's abc\303\251 e\314\201 \304\260B AB", "27 7 53 22 32 9 22 4 25 22 26 6 22 61",
      "it's abc\303\251 e\314\201 \304\260B AB" },
    { "cabs, -ab- a  ", "56 8 15 22 66 18 33 22 22",
      "cabs, -ab- a  " },
    { "zz\344\270\255z ab", "64 64 28 64 22 31",
      "<unk><unk>\344\270\255<unk> ab" },
    { "<s>ab</s> abc<unk>", "64 8 64 31 64 64 8 64 22 32 64 64 64 64 64",
      "<unk>s<unk>ab<unk><unk>s<unk> abc<unk><unk><unk><unk><unk>" },
    { "a\302\240ab \t ab", "0 30 31 22 64 22 31",
      "a\302\240ab <unk> ab" },
    { "  ab  ", "22 22 31 22 22",
      "  ab  " },
  } },
  { "metaspace whole",
  "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[{\"single_word\":false,\"ls"
  "trip\":false,\"rstrip\":false,\"normalized\":false,\"special\":true,\"content\":\"<unk>\",\"id\":64},{\""
  "single_word\":false,\"lstrip\":false,\"rstrip\":false,\"normalized\":false,\"special\":true,\"conten"
  "t\":\"<s>\",\"id\":62},{\"single_word\":false,\"lstrip\":false,\"rstrip\":false,\"normalized\":false,\"s"
  "pecial\":true,\"content\":\"</s>\",\"id\":63}],\"normalizer\":null,\"pre_tokenizer\":{\"type\":\"Metaspa"
  "ce\",\"replacement\":\"\342\226\201\",\"prepend_scheme\":\"always\",\"split\":false},\"post_processor\":null,\"deco"
  "der\":{\"type\":\"Metaspace\",\"replacement\":\"\342\226\201\",\"prepend_scheme\":\"always\",\"split\":false},\"model"
  "\":{\"type\":\"BPE\",\"dropout\":null,\"unk_token\":\"<unk>\",\"continuing_subword_prefix\":null,\"end_o"
  "f_word_suffix\":null,\"fuse_unk\":false,\"byte_fallback\":false,\"ignore_merges\":false,\"vocab\":@"
  "0,\"merges\":@2}}"
  , {
    { "", "",
      "" },
    { "a", "33",
      "a" },
    { "abc", "22 32",
      "abc" },
    { " abc abc", "22 32 22 32",
      "abc abc" },
    { "ab  abc\n\nab!!! a!", "22 31 37 32 21 21 31 46 33 16",
      "ab  abc\n\nab!!! a!" },
    { "123 1234 12.34", "22 42 22 43 22 41 14 44",
      "123 1234 12.34" },
    { "it's abc\303\251 e\314\201 \304\260B AB", "22 27 7 53 22 32 9 22 4 25 22 26 6 22 61",
      "it's abc\303\251 e\314\201 \304\260B AB" },
    { "cabs, -ab- a  ", "22 56 8 15 22 66 18 33 37",
      "cabs, -ab- a  " },
    { "zz\344\270\255z ab", "22 64 64 28 64 22 31",
      "\344\270\255 ab" },
    { "<s>ab</s> abc<unk>", "62 22 31 63 22 32 64",
      "ab abc" },
    { "a\302\240ab \t ab", "33 30 31 22 64 22 31",
      "a\302\240ab  ab" },
    { "  ab  ", "37 31 37",
      "ab  " },
  } },
  { "digits",
  "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[],\"normalizer\":null,\"pre"
  "_tokenizer\":{\"type\":\"Digits\",\"individual_digits\":false},\"post_processor\":null,\"decoder\":nu"
  "ll,\"model\":{\"type\":\"BPE\",\"dropout\":null,\"unk_token\":\"<unk>\",\"continuing_subword_prefix\":nu"
  "ll,\"end_of_word_suffix\":null,\"fuse_unk\":false,\"byte_fallback\":false,\"ignore_merges\":false,"
  "\"vocab\":@0,\"merges\":@2}}"
  , {
    { "", "",
      "" },
    { "a", "0",
      "a" },
    { "abc", "32",
      "abc" },
    { " abc abc", "20 32 20 32",
      "  abc   abc" },
    { "ab  abc\n\nab!!! a!", "31 51 32 21 21 31 46 20 47",
      "ab    abc \n \n ab !!!   a!" },
    { "123 1234 12.34", "42 20 43 20 41 14 44",
      "123   1234   12 . 34" },
    { "it's abc\303\251 e\314\201 \304\260B AB", "27 7 53 20 32 9 20 4 25 20 26 6 20 61",
      "i t 's   abc \303\251   e \314\201   \304\260 B   AB" },
    { "cabs, -ab- a  ", "56 8 15 20 66 18 48 51",
      "cab s ,   -ab -  a   " },
    { "zz\344\270\255z ab", "64 64 28 64 49",
      "<unk> <unk> \344\270\255 <unk>  ab" },
    { "<s>ab</s> abc<unk>", "64 8 64 31 64 64 8 64 20 32 64 64 64 64 64",
      "<unk> s <unk> ab <unk> <unk> s <unk>   abc <unk> <unk> <unk> <unk> <unk>" },
    { "a\302\240ab \t ab", "0 30 31 20 64 49",
      "a \302\240 ab   <unk>  ab" },
    { "  ab  ", "20 49 51",
      "   ab   " },
  } },
  { "single digits",
  "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[],\"normalizer\":null,\"pre"
  "_tokenizer\":{\"type\":\"Digits\",\"individual_digits\":true},\"post_processor\":null,\"decoder\":nul"
  "l,\"model\":{\"type\":\"BPE\",\"dropout\":null,\"unk_token\":\"<unk>\",\"continuing_subword_prefix\":nul"
  "l,\"end_of_word_suffix\":null,\"fuse_unk\":false,\"byte_fallback\":false,\"ignore_merges\":false,\""
  "vocab\":@0,\"merges\":@2}}"
  , {
    { "", "",
      "" },
    { "a", "0",
      "a" },
    { "abc", "32",
      "abc" },
    { " abc abc", "20 32 20 32",
      "  abc   abc" },
    { "ab  abc\n\nab!!! a!", "31 51 32 21 21 31 46 20 47",
      "ab    abc \n \n ab !!!   a!" },
    { "123 1234 12.34", "10 11 12 20 10 11 12 13 20 10 11 14 12 13",
      "1 2 3   1 2 3 4   1 2 . 3 4" },
    { "it's abc\303\251 e\314\201 \304\260B AB", "27 7 53 20 32 9 20 4 25 20 26 6 20 61",
      "i t 's   abc \303\251   e \314\201   \304\260 B   AB" },
    { "cabs, -ab- a  ", "56 8 15 20 66 18 48 51",
      "cab s ,   -ab -  a   " },
    { "zz\344\270\255z ab", "64 64 28 64 49",
      "<unk> <unk> \344\270\255 <unk>  ab" },
    { "<s>ab</s> abc<unk>", "64 8 64 31 64 64 8 64 20 32 64 64 64 64 64",
      "<unk> s <unk> ab <unk> <unk> s <unk>   abc <unk> <unk> <unk> <unk> <unk>" },
    { "a\302\240ab \t ab", "0 30 31 20 64 49",
      "a \302\240 ab   <unk>  ab" },
    { "  ab  ", "20 49 51",
      "   ab   " },
  } },
  { "punctuation",
  "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[],\"normalizer\":null,\"pre"
  "_tokenizer\":{\"type\":\"Punctuation\",\"behavior\":\"Isolated\"},\"post_processor\":null,\"decoder\":n"
  "ull,\"model\":{\"type\":\"BPE\",\"dropout\":null,\"unk_token\":\"<unk>\",\"continuing_subword_prefix\":n"
  "ull,\"end_of_word_suffix\":null,\"fuse_unk\":false,\"byte_fallback\":false,\"ignore_merges\":false"
  ",\"vocab\":@0,\"merges\":@2}}"
  , {
    { "", "",
      "" },
    { "a", "0",
      "a" },
    { "abc", "32",
      "abc" },
    { " abc abc", "20 32 20 32",
      "  abc   abc" },
    { "ab  abc\n\nab!!! a!", "31 51 32 21 21 31 16 16 16 48 16",
      "ab    abc \n \n ab ! ! !  a !" },
    { "123 1234 12.34", "42 20 43 20 41 14 44",
      "123   1234   12 . 34" },
    { "it's abc\303\251 e\314\201 \304\260B AB", "27 7 19 8 20 32 9 20 4 25 20 26 6 20 61",
      "i t ' s   abc \303\251   e \314\201   \304\260 B   AB" },
    { "cabs, -ab- a  ", "56 8 15 20 18 31 18 48 51",
      "cab s ,   - ab -  a   " },
    { "zz\344\270\255z ab", "64 64 28 64 49",
      "<unk> <unk> \344\270\255 <unk>  ab" },
    { "<s>ab</s> abc<unk>", "64 8 64 31 64 64 8 64 20 32 64 64 64 64 64",
      "<unk> s <unk> ab <unk> <unk> s <unk>   abc <unk> <unk> <unk> <unk> <unk>" },
    { "a\302\240ab \t ab", "0 30 31 20 64 49",
      "a \302\240 ab   <unk>  ab" },
    { "  ab  ", "20 49 51",
      "   ab   " },
  } },
  { "punctuation runs",
  "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[],\"normalizer\":null,\"pre"
  "_tokenizer\":{\"type\":\"Punctuation\",\"behavior\":\"Contiguous\"},\"post_processor\":null,\"decoder\""
  ":null,\"model\":{\"type\":\"BPE\",\"dropout\":null,\"unk_token\":\"<unk>\",\"continuing_subword_prefix\""
  ":null,\"end_of_word_suffix\":null,\"fuse_unk\":false,\"byte_fallback\":false,\"ignore_merges\":fal"
  "se,\"vocab\":@0,\"merges\":@2}}"
  , {
    { "", "",
      "" },
    { "a", "0",
      "a" },
    { "abc", "32",
      "abc" },
    { " abc abc", "20 32 20 32",
      "  abc   abc" },
    { "ab  abc\n\nab!!! a!", "31 51 32 21 21 31 46 48 16",
      "ab    abc \n \n ab !!!  a !" },
    { "123 1234 12.34", "42 20 43 20 41 14 44",
      "123   1234   12 . 34" },
    { "it's abc\303\251 e\314\201 \304\260B AB", "27 7 19 8 20 32 9 20 4 25 20 26 6 20 61",
      "i t ' s   abc \303\251   e \314\201   \304\260 B   AB" },
    { "cabs, -ab- a  ", "56 8 15 20 18 31 18 48 51",
      "cab s ,   - ab -  a   " },
    { "zz\344\270\255z ab", "64 64 28 64 49",
      "<unk> <unk> \344\270\255 <unk>  ab" },
    { "<s>ab</s> abc<unk>", "64 8 64 31 64 64 8 64 20 32 64 64 64 64 64",
      "<unk> s <unk> ab <unk> <unk> s <unk>   abc <unk> <unk> <unk> <unk> <unk>" },
    { "a\302\240ab \t ab", "0 30 31 20 64 49",
      "a \302\240 ab   <unk>  ab" },
    { "  ab  ", "20 49 51",
      "   ab   " },
  } },
  { "whitespace",
  "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[],\"normalizer\":null,\"pre"
  "_tokenizer\":{\"type\":\"Whitespace\"},\"post_processor\":null,\"decoder\":null,\"model\":{\"type\":\"BP"
  "E\",\"dropout\":null,\"unk_token\":\"<unk>\",\"continuing_subword_prefix\":null,\"end_of_word_suffix"
  "\":null,\"fuse_unk\":false,\"byte_fallback\":false,\"ignore_merges\":false,\"vocab\":@0,\"merges\":@2"
  "}}"
  , {
    { "", "",
      "" },
    { "a", "0",
      "a" },
    { "abc", "32",
      "abc" },
    { " abc abc", "32 32",
      "abc abc" },
    { "ab  abc\n\nab!!! a!", "31 32 31 46 0 16",
      "ab abc ab !!! a !" },
    { "123 1234 12.34", "42 43 41 14 44",
      "123 1234 12 . 34" },
    { "it's abc\303\251 e\314\201 \304\260B AB", "27 7 19 8 32 9 4 25 26 6 61",
      "i t ' s abc \303\251 e \314\201 \304\260 B AB" },
    { "cabs, -ab- a  ", "56 8 15 18 31 18 0",
      "cab s , - ab - a" },
    { "zz\344\270\255z ab", "64 64 28 64 31",
      "<unk> <unk> \344\270\255 <unk> ab" },
    { "<s>ab</s> abc<unk>", "64 8 64 31 64 64 8 64 32 64 64 64 64 64",
      "<unk> s <unk> ab <unk> <unk> s <unk> abc <unk> <unk> <unk> <unk> <unk>" },
    { "a\302\240ab \t ab", "0 31 31",
      "a ab ab" },
    { "  ab  ", "31",
      "ab" },
  } },
  { "whitespace split",
  "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[],\"normalizer\":null,\"pre"
  "_tokenizer\":{\"type\":\"WhitespaceSplit\"},\"post_processor\":null,\"decoder\":null,\"model\":{\"type"
  "\":\"BPE\",\"dropout\":null,\"unk_token\":\"<unk>\",\"continuing_subword_prefix\":null,\"end_of_word_s"
  "uffix\":null,\"fuse_unk\":false,\"byte_fallback\":false,\"ignore_merges\":false,\"vocab\":@0,\"merge"
  "s\":@2}}"
  , {
    { "", "",
      "" },
    { "a", "0",
      "a" },
    { "abc", "32",
      "abc" },
    { " abc abc", "32 32",
      "abc abc" },
    { "ab  abc\n\nab!!! a!", "31 32 31 46 47",
      "ab abc ab !!! a!" },
    { "123 1234 12.34", "42 43 41 14 44",
      "123 1234 12 . 34" },
    { "it's abc\303\251 e\314\201 \304\260B AB", "27 7 53 32 9 4 25 26 6 61",
      "i t 's abc \303\251 e \314\201 \304\260 B AB" },
    { "cabs, -ab- a  ", "56 8 15 66 18 0",
      "cab s , -ab - a" },
    { "zz\344\270\255z ab", "64 64 28 64 31",
      "<unk> <unk> \344\270\255 <unk> ab" },
    { "<s>ab</s> abc<unk>", "64 8 64 31 64 64 8 64 32 64 64 64 64 64",
      "<unk> s <unk> ab <unk> <unk> s <unk> abc <unk> <unk> <unk> <unk> <unk>" },
    { "a\302\240ab \t ab", "0 31 31",
      "a ab ab" },
    { "  ab  ", "31",
      "ab" },
  } },
  { "delimiter",
  "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[],\"normalizer\":null,\"pre"
  "_tokenizer\":{\"type\":\"CharDelimiterSplit\",\"delimiter\":\"b\"},\"post_processor\":null,\"decoder\":"
  "null,\"model\":{\"type\":\"BPE\",\"dropout\":null,\"unk_token\":\"<unk>\",\"continuing_subword_prefix\":"
  "null,\"end_of_word_suffix\":null,\"fuse_unk\":false,\"byte_fallback\":false,\"ignore_merges\":fals"
  "e,\"vocab\":@0,\"merges\":@2}}"
  , {
    { "", "",
      "" },
    { "a", "0",
      "a" },
    { "abc", "0 2",
      "a c" },
    { " abc abc", "48 2 48 2",
      " a c  a c" },
    { "ab  abc\n\nab!!! a!", "0 20 48 2 21 21 0 46 20 47",
      "a    a c \n \n a !!!   a!" },
    { "123 1234 12.34", "42 20 43 20 41 14 44",
      "123   1234   12 . 34" },
    { "it's abc\303\251 e\314\201 \304\260B AB", "27 7 53 48 2 9 20 4 25 20 26 6 20 61",
      "i t 's  a c \303\251   e \314\201   \304\260 B   AB" },
    { "cabs, -ab- a  ", "2 0 8 15 20 65 18 48 51",
      "c a s ,   -a -  a   " },
    { "zz\344\270\255z ab", "64 64 28 64 48",
      "<unk> <unk> \344\270\255 <unk>  a" },
    { "<s>ab</s> abc<unk>", "64 8 64 0 64 64 8 64 48 2 64 64 64 64 64",
      "<unk> s <unk> a <unk> <unk> s <unk>  a c <unk> <unk> <unk> <unk> <unk>" },
    { "a\302\240ab \t ab", "0 30 0 20 64 48",
      "a \302\240 a   <unk>  a" },
    { "  ab  ", "20 48 51",
      "   a   " },
  } },
  { "bert split",
  "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[],\"normalizer\":null,\"pre"
  "_tokenizer\":{\"type\":\"BertPreTokenizer\"},\"post_processor\":null,\"decoder\":null,\"model\":{\"typ"
  "e\":\"BPE\",\"dropout\":null,\"unk_token\":\"<unk>\",\"continuing_subword_prefix\":null,\"end_of_word_"
  "suffix\":null,\"fuse_unk\":false,\"byte_fallback\":false,\"ignore_merges\":false,\"vocab\":@0,\"merg"
  "es\":@2}}"
  , {
    { "", "",
      "" },
    { "a", "0",
      "a" },
    { "abc", "32",
      "abc" },
    { " abc abc", "32 32",
      "abc abc" },
    { "ab  abc\n\nab!!! a!", "31 32 31 16 16 16 0 16",
      "ab abc ab ! ! ! a !" },
    { "123 1234 12.34", "42 43 41 14 44",
      "123 1234 12 . 34" },
    { "it's abc\303\251 e\314\201 \304\260B AB", "27 7 19 8 32 9 4 25 26 6 61",
      "i t ' s abc \303\251 e \314\201 \304\260 B AB" },
    { "cabs, -ab- a  ", "56 8 15 18 31 18 0",
      "cab s , - ab - a" },
    { "zz\344\270\255z ab", "64 64 28 64 31",
      "<unk> <unk> \344\270\255 <unk> ab" },
    { "<s>ab</s> abc<unk>", "64 8 64 31 64 64 8 64 32 64 64 64 64 64",
      "<unk> s <unk> ab <unk> <unk> s <unk> abc <unk> <unk> <unk> <unk> <unk>" },
    { "a\302\240ab \t ab", "0 31 31",
      "a ab ab" },
    { "  ab  ", "31",
      "ab" },
  } },
  { "falcon",
  "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[],\"normalizer\":null,\"pre"
  "_tokenizer\":{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"Punctuation\",\"behavior\":\"Contiguo"
  "us\"},{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"trim_offsets\":true,\"use_regex\":true},{\""
  "type\":\"Digits\",\"individual_digits\":false},{\"type\":\"Split\",\"pattern\":{\"Regex\":\"[0-9][0-9][0"
  "-9]\"},\"behavior\":\"Isolated\",\"invert\":false}]},\"post_processor\":null,\"decoder\":{\"type\":\"Byt"
  "eLevel\",\"add_prefix_space\":false,\"trim_offsets\":true,\"use_regex\":true},\"model\":{\"type\":\"BP"
  "E\",\"dropout\":null,\"unk_token\":null,\"continuing_subword_prefix\":null,\"end_of_word_suffix\":n"
  "ull,\"fuse_unk\":false,\"byte_fallback\":false,\"ignore_merges\":false,\"vocab\":@0,\"merges\":@2}}"
  , {
    { "", "",
      "" },
    { "a", "0",
      "a" },
    { "abc", "32",
      "abc" },
    { " abc abc", "23 32 23 32",
      " abc abc" },
    { "ab  abc\n\nab!!! a!", "31 23 23 32 24 24 31 46 38 16",
      "ab  abc\n\nab!!! a!" },
    { "123 1234 12.34", "42 23 42 13 23 41 14 44",
      "123 1234 12.34" },
    { "it's abc\303\251 e\314\201 \304\260B AB", "27 7 19 8 23 32 67 23 4 23 6 23 61",
      "it's abc\303\251 e B AB" },
    { "cabs, -ab- a  ", "56 8 15 23 18 31 18 38 60",
      "cabs, -ab- a  " },
    { "zz\344\270\255z ab", "23 31",
      " ab" },
    { "<s>ab</s> abc<unk>", "8 31 8 23 32",
      "sabs abc" },
    { "a\302\240ab \t ab", "0 31 23 23 31",
      "aab  ab" },
    { "  ab  ", "23 23 31 60",
      "  ab  " },
  } },
  { "nfc",
  "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[],\"normalizer\":{\"type\":\""
  "NFC\"},\"pre_tokenizer\":null,\"post_processor\":null,\"decoder\":null,\"model\":{\"type\":\"BPE\",\"dro"
  "pout\":null,\"unk_token\":\"<unk>\",\"continuing_subword_prefix\":null,\"end_of_word_suffix\":null,"
  "\"fuse_unk\":false,\"byte_fallback\":false,\"ignore_merges\":false,\"vocab\":@0,\"merges\":@2}}"
  , {
    { "", "",
      "" },
    { "a", "0",
      "a" },
    { "abc", "32",
      "abc" },
    { " abc abc", "20 32 20 32",
      "  abc   abc" },
    { "ab  abc\n\nab!!! a!", "31 51 32 21 21 31 46 20 47",
      "ab    abc \n \n ab !!!   a!" },
    { "123 1234 12.34", "42 20 43 20 41 14 44",
      "123   1234   12 . 34" },
    { "it's abc\303\251 e\314\201 \304\260B AB", "27 7 53 20 32 9 20 9 20 26 6 20 61",
      "i t 's   abc \303\251   \303\251   \304\260 B   AB" },
    { "cabs, -ab- a  ", "56 8 15 20 66 18 48 51",
      "cab s ,   -ab -  a   " },
    { "zz\344\270\255z ab", "64 64 28 64 49",
      "<unk> <unk> \344\270\255 <unk>  ab" },
    { "<s>ab</s> abc<unk>", "64 8 64 31 64 64 8 64 20 32 64 64 64 64 64",
      "<unk> s <unk> ab <unk> <unk> s <unk>   abc <unk> <unk> <unk> <unk> <unk>" },
    { "a\302\240ab \t ab", "0 30 31 20 64 49",
      "a \302\240 ab   <unk>  ab" },
    { "  ab  ", "20 49 51",
      "   ab   " },
  } },
  { "nfd",
  "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[],\"normalizer\":{\"type\":\""
  "NFD\"},\"pre_tokenizer\":null,\"post_processor\":null,\"decoder\":null,\"model\":{\"type\":\"BPE\",\"dro"
  "pout\":null,\"unk_token\":\"<unk>\",\"continuing_subword_prefix\":null,\"end_of_word_suffix\":null,"
  "\"fuse_unk\":false,\"byte_fallback\":false,\"ignore_merges\":false,\"vocab\":@0,\"merges\":@2}}"
  , {
    { "", "",
      "" },
    { "a", "0",
      "a" },
    { "abc", "32",
      "abc" },
    { " abc abc", "20 32 20 32",
      "  abc   abc" },
    { "ab  abc\n\nab!!! a!", "31 51 32 21 21 31 46 20 47",
      "ab    abc \n \n ab !!!   a!" },
    { "123 1234 12.34", "42 20 43 20 41 14 44",
      "123   1234   12 . 34" },
    { "it's abc\303\251 e\314\201 \304\260B AB", "27 7 53 20 32 4 25 20 4 25 20 64 64 6 20 61",
      "i t 's   abc e \314\201   e \314\201   <unk> <unk> B   AB" },
    { "cabs, -ab- a  ", "56 8 15 20 66 18 48 51",
      "cab s ,   -ab -  a   " },
    { "zz\344\270\255z ab", "64 64 28 64 49",
      "<unk> <unk> \344\270\255 <unk>  ab" },
    { "<s>ab</s> abc<unk>", "64 8 64 31 64 64 8 64 20 32 64 64 64 64 64",
      "<unk> s <unk> ab <unk> <unk> s <unk>   abc <unk> <unk> <unk> <unk> <unk>" },
    { "a\302\240ab \t ab", "0 30 31 20 64 49",
      "a \302\240 ab   <unk>  ab" },
    { "  ab  ", "20 49 51",
      "   ab   " },
  } },
  { "nfkc",
  "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[],\"normalizer\":{\"type\":\""
  "NFKC\"},\"pre_tokenizer\":null,\"post_processor\":null,\"decoder\":null,\"model\":{\"type\":\"BPE\",\"dr"
  "opout\":null,\"unk_token\":\"<unk>\",\"continuing_subword_prefix\":null,\"end_of_word_suffix\":null"
  ",\"fuse_unk\":false,\"byte_fallback\":false,\"ignore_merges\":false,\"vocab\":@0,\"merges\":@2}}"
  , {
    { "", "",
      "" },
    { "a", "0",
      "a" },
    { "abc", "32",
      "abc" },
    { " abc abc", "20 32 20 32",
      "  abc   abc" },
    { "ab  abc\n\nab!!! a!", "31 51 32 21 21 31 46 20 47",
      "ab    abc \n \n ab !!!   a!" },
    { "123 1234 12.34", "42 20 43 20 41 14 44",
      "123   1234   12 . 34" },
    { "it's abc\303\251 e\314\201 \304\260B AB", "27 7 53 20 32 9 20 9 20 26 6 20 61",
      "i t 's   abc \303\251   \303\251   \304\260 B   AB" },
    { "cabs, -ab- a  ", "56 8 15 20 66 18 48 51",
      "cab s ,   -ab -  a   " },
    { "zz\344\270\255z ab", "64 64 28 64 49",
      "<unk> <unk> \344\270\255 <unk>  ab" },
    { "<s>ab</s> abc<unk>", "64 8 64 31 64 64 8 64 20 32 64 64 64 64 64",
      "<unk> s <unk> ab <unk> <unk> s <unk>   abc <unk> <unk> <unk> <unk> <unk>" },
    { "a\302\240ab \t ab", "0 49 20 64 49",
      "a  ab   <unk>  ab" },
    { "  ab  ", "20 49 51",
      "   ab   " },
  } },
  { "nfkd",
  "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[],\"normalizer\":{\"type\":\""
  "NFKD\"},\"pre_tokenizer\":null,\"post_processor\":null,\"decoder\":null,\"model\":{\"type\":\"BPE\",\"dr"
  "opout\":null,\"unk_token\":\"<unk>\",\"continuing_subword_prefix\":null,\"end_of_word_suffix\":null"
  ",\"fuse_unk\":false,\"byte_fallback\":false,\"ignore_merges\":false,\"vocab\":@0,\"merges\":@2}}"
  , {
    { "", "",
      "" },
    { "a", "0",
      "a" },
    { "abc", "32",
      "abc" },
    { " abc abc", "20 32 20 32",
      "  abc   abc" },
    { "ab  abc\n\nab!!! a!", "31 51 32 21 21 31 46 20 47",
      "ab    abc \n \n ab !!!   a!" },
    { "123 1234 12.34", "42 20 43 20 41 14 44",
      "123   1234   12 . 34" },
    { "it's abc\303\251 e\314\201 \304\260B AB", "27 7 53 20 32 4 25 20 4 25 20 64 64 6 20 61",
      "i t 's   abc e \314\201   e \314\201   <unk> <unk> B   AB" },
    { "cabs, -ab- a  ", "56 8 15 20 66 18 48 51",
      "cab s ,   -ab -  a   " },
    { "zz\344\270\255z ab", "64 64 28 64 49",
      "<unk> <unk> \344\270\255 <unk>  ab" },
    { "<s>ab</s> abc<unk>", "64 8 64 31 64 64 8 64 20 32 64 64 64 64 64",
      "<unk> s <unk> ab <unk> <unk> s <unk>   abc <unk> <unk> <unk> <unk> <unk>" },
    { "a\302\240ab \t ab", "0 49 20 64 49",
      "a  ab   <unk>  ab" },
    { "  ab  ", "20 49 51",
      "   ab   " },
  } },
  { "lowercase",
  "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[],\"normalizer\":{\"type\":\""
  "Lowercase\"},\"pre_tokenizer\":null,\"post_processor\":null,\"decoder\":null,\"model\":{\"type\":\"BPE"
  "\",\"dropout\":null,\"unk_token\":\"<unk>\",\"continuing_subword_prefix\":null,\"end_of_word_suffix\""
  ":null,\"fuse_unk\":false,\"byte_fallback\":false,\"ignore_merges\":false,\"vocab\":@0,\"merges\":@2}"
  "}"
  , {
    { "", "",
      "" },
    { "a", "0",
      "a" },
    { "abc", "32",
      "abc" },
    { " abc abc", "20 32 20 32",
      "  abc   abc" },
    { "ab  abc\n\nab!!! a!", "31 51 32 21 21 31 46 20 47",
      "ab    abc \n \n ab !!!   a!" },
    { "123 1234 12.34", "42 20 43 20 41 14 44",
      "123   1234   12 . 34" },
    { "it's abc\303\251 e\314\201 \304\260B AB", "27 7 53 20 32 9 20 4 25 20 27 64 1 49",
      "i t 's   abc \303\251   e \314\201   i <unk> b  ab" },
    { "cabs, -ab- a  ", "56 8 15 20 66 18 48 51",
      "cab s ,   -ab -  a   " },
    { "zz\344\270\255z ab", "64 64 28 64 49",
      "<unk> <unk> \344\270\255 <unk>  ab" },
    { "<s>ab</s> abc<unk>", "64 8 64 31 64 64 8 64 20 32 64 64 64 64 64",
      "<unk> s <unk> ab <unk> <unk> s <unk>   abc <unk> <unk> <unk> <unk> <unk>" },
    { "a\302\240ab \t ab", "0 30 31 20 64 49",
      "a \302\240 ab   <unk>  ab" },
    { "  ab  ", "20 49 51",
      "   ab   " },
  } },
  { "strip",
  "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[],\"normalizer\":{\"type\":\""
  "Strip\",\"strip_left\":true,\"strip_right\":true},\"pre_tokenizer\":null,\"post_processor\":null,\"d"
  "ecoder\":null,\"model\":{\"type\":\"BPE\",\"dropout\":null,\"unk_token\":\"<unk>\",\"continuing_subword_"
  "prefix\":null,\"end_of_word_suffix\":null,\"fuse_unk\":false,\"byte_fallback\":false,\"ignore_merg"
  "es\":false,\"vocab\":@0,\"merges\":@2}}"
  , {
    { "", "",
      "" },
    { "a", "0",
      "a" },
    { "abc", "32",
      "abc" },
    { " abc abc", "32 20 32",
      "abc   abc" },
    { "ab  abc\n\nab!!! a!", "31 51 32 21 21 31 46 20 47",
      "ab    abc \n \n ab !!!   a!" },
    { "123 1234 12.34", "42 20 43 20 41 14 44",
      "123   1234   12 . 34" },
    { "it's abc\303\251 e\314\201 \304\260B AB", "27 7 53 20 32 9 20 4 25 20 26 6 20 61",
      "i t 's   abc \303\251   e \314\201   \304\260 B   AB" },
    { "cabs, -ab- a  ", "56 8 15 20 66 18 48",
      "cab s ,   -ab -  a" },
    { "zz\344\270\255z ab", "64 64 28 64 49",
      "<unk> <unk> \344\270\255 <unk>  ab" },
    { "<s>ab</s> abc<unk>", "64 8 64 31 64 64 8 64 20 32 64 64 64 64 64",
      "<unk> s <unk> ab <unk> <unk> s <unk>   abc <unk> <unk> <unk> <unk> <unk>" },
    { "a\302\240ab \t ab", "0 30 31 20 64 49",
      "a \302\240 ab   <unk>  ab" },
    { "  ab  ", "31",
      "ab" },
  } },
  { "strip right",
  "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[],\"normalizer\":{\"type\":\""
  "Strip\",\"strip_left\":false,\"strip_right\":true},\"pre_tokenizer\":null,\"post_processor\":null,\""
  "decoder\":null,\"model\":{\"type\":\"BPE\",\"dropout\":null,\"unk_token\":\"<unk>\",\"continuing_subword"
  "_prefix\":null,\"end_of_word_suffix\":null,\"fuse_unk\":false,\"byte_fallback\":false,\"ignore_mer"
  "ges\":false,\"vocab\":@0,\"merges\":@2}}"
  , {
    { "", "",
      "" },
    { "a", "0",
      "a" },
    { "abc", "32",
      "abc" },
    { " abc abc", "20 32 20 32",
      "  abc   abc" },
    { "ab  abc\n\nab!!! a!", "31 51 32 21 21 31 46 20 47",
      "ab    abc \n \n ab !!!   a!" },
    { "123 1234 12.34", "42 20 43 20 41 14 44",
      "123   1234   12 . 34" },
    { "it's abc\303\251 e\314\201 \304\260B AB", "27 7 53 20 32 9 20 4 25 20 26 6 20 61",
      "i t 's   abc \303\251   e \314\201   \304\260 B   AB" },
    { "cabs, -ab- a  ", "56 8 15 20 66 18 48",
      "cab s ,   -ab -  a" },
    { "zz\344\270\255z ab", "64 64 28 64 49",
      "<unk> <unk> \344\270\255 <unk>  ab" },
    { "<s>ab</s> abc<unk>", "64 8 64 31 64 64 8 64 20 32 64 64 64 64 64",
      "<unk> s <unk> ab <unk> <unk> s <unk>   abc <unk> <unk> <unk> <unk> <unk>" },
    { "a\302\240ab \t ab", "0 30 31 20 64 49",
      "a \302\240 ab   <unk>  ab" },
    { "  ab  ", "20 49",
      "   ab" },
  } },
  { "strip accents",
  "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[],\"normalizer\":{\"type\":\""
  "Sequence\",\"normalizers\":[{\"type\":\"NFD\"},{\"type\":\"StripAccents\"}]},\"pre_tokenizer\":null,\"po"
  "st_processor\":null,\"decoder\":null,\"model\":{\"type\":\"BPE\",\"dropout\":null,\"unk_token\":\"<unk>\""
  ",\"continuing_subword_prefix\":null,\"end_of_word_suffix\":null,\"fuse_unk\":false,\"byte_fallbac"
  "k\":false,\"ignore_merges\":false,\"vocab\":@0,\"merges\":@2}}"
  , {
    { "", "",
      "" },
    { "a", "0",
      "a" },
    { "abc", "32",
      "abc" },
    { " abc abc", "20 32 20 32",
      "  abc   abc" },
    { "ab  abc\n\nab!!! a!", "31 51 32 21 21 31 46 20 47",
      "ab    abc \n \n ab !!!   a!" },
    { "123 1234 12.34", "42 20 43 20 41 14 44",
      "123   1234   12 . 34" },
    { "it's abc\303\251 e\314\201 \304\260B AB", "27 7 53 20 32 4 20 4 20 64 6 20 61",
      "i t 's   abc e   e   <unk> B   AB" },
    { "cabs, -ab- a  ", "56 8 15 20 66 18 48 51",
      "cab s ,   -ab -  a   " },
    { "zz\344\270\255z ab", "64 64 28 64 49",
      "<unk> <unk> \344\270\255 <unk>  ab" },
    { "<s>ab</s> abc<unk>", "64 8 64 31 64 64 8 64 20 32 64 64 64 64 64",
      "<unk> s <unk> ab <unk> <unk> s <unk>   abc <unk> <unk> <unk> <unk> <unk>" },
    { "a\302\240ab \t ab", "0 30 31 20 64 49",
      "a \302\240 ab   <unk>  ab" },
    { "  ab  ", "20 49 51",
      "   ab   " },
  } },
  { "nmt",
  "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[],\"normalizer\":{\"type\":\""
  "Nmt\"},\"pre_tokenizer\":null,\"post_processor\":null,\"decoder\":null,\"model\":{\"type\":\"BPE\",\"dro"
  "pout\":null,\"unk_token\":\"<unk>\",\"continuing_subword_prefix\":null,\"end_of_word_suffix\":null,"
  "\"fuse_unk\":false,\"byte_fallback\":false,\"ignore_merges\":false,\"vocab\":@0,\"merges\":@2}}"
  , {
    { "", "",
      "" },
    { "a", "0",
      "a" },
    { "abc", "32",
      "abc" },
    { " abc abc", "20 32 20 32",
      "  abc   abc" },
    { "ab  abc\n\nab!!! a!", "31 51 32 20 49 46 20 47",
      "ab    abc    ab !!!   a!" },
    { "123 1234 12.34", "42 20 43 20 41 14 44",
      "123   1234   12 . 34" },
    { "it's abc\303\251 e\314\201 \304\260B AB", "27 7 53 20 32 9 20 4 25 20 26 6 20 61",
      "i t 's   abc \303\251   e \314\201   \304\260 B   AB" },
    { "cabs, -ab- a  ", "56 8 15 20 66 18 48 51",
      "cab s ,   -ab -  a   " },
    { "zz\344\270\255z ab", "64 64 28 64 49",
      "<unk> <unk> \344\270\255 <unk>  ab" },
    { "<s>ab</s> abc<unk>", "64 8 64 31 64 64 8 64 20 32 64 64 64 64 64",
      "<unk> s <unk> ab <unk> <unk> s <unk>   abc <unk> <unk> <unk> <unk> <unk>" },
    { "a\302\240ab \t ab", "0 30 31 51 49",
      "a \302\240 ab     ab" },
    { "  ab  ", "20 49 51",
      "   ab   " },
  } },
  { "replace regex",
  "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[],\"normalizer\":{\"type\":\""
  "Replace\",\"pattern\":{\"Regex\":\"\\\\s+\"},\"content\":\"a\"},\"pre_tokenizer\":null,\"post_processor\":n"
  "ull,\"decoder\":null,\"model\":{\"type\":\"BPE\",\"dropout\":null,\"unk_token\":\"<unk>\",\"continuing_su"
  "bword_prefix\":null,\"end_of_word_suffix\":null,\"fuse_unk\":false,\"byte_fallback\":false,\"ignor"
  "e_merges\":false,\"vocab\":@0,\"merges\":@2}}"
  , {
    { "", "",
      "" },
    { "a", "0",
      "a" },
    { "abc", "32",
      "abc" },
    { " abc abc", "0 32 0 32",
      "a abc a abc" },
    { "ab  abc\n\nab!!! a!", "31 0 32 0 31 46 0 47",
      "ab a abc a ab !!! a a!" },
    { "123 1234 12.34", "42 0 43 0 41 14 44",
      "123 a 1234 a 12 . 34" },
    { "it's abc\303\251 e\314\201 \304\260B AB", "27 7 53 0 32 9 0 4 25 0 26 6 0 61",
      "i t 's a abc \303\251 a e \314\201 a \304\260 B a AB" },
    { "cabs, -ab- a  ", "56 8 15 0 66 65 0 0",
      "cab s , a -ab -a a a" },
    { "zz\344\270\255z ab", "64 64 28 64 0 31",
      "<unk> <unk> \344\270\255 <unk> a ab" },
    { "<s>ab</s> abc<unk>", "64 8 64 31 64 64 8 64 0 32 64 64 64 64 64",
      "<unk> s <unk> ab <unk> <unk> s <unk> a abc <unk> <unk> <unk> <unk> <unk>" },
    { "a\302\240ab \t ab", "0 0 31 0 31",
      "a a ab a ab" },
    { "  ab  ", "0 31 0",
      "a ab a" },
  } },
  { "added, stripping",
  "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[{\"single_word\":false,\"ls"
  "trip\":true,\"rstrip\":true,\"normalized\":false,\"special\":true,\"content\":\"<s>\",\"id\":62},{\"sing"
  "le_word\":false,\"lstrip\":true,\"rstrip\":false,\"normalized\":false,\"special\":true,\"content\":\"a"
  "b\",\"id\":31}],\"normalizer\":null,\"pre_tokenizer\":null,\"post_processor\":null,\"decoder\":null,\""
  "model\":{\"type\":\"BPE\",\"dropout\":null,\"unk_token\":\"<unk>\",\"continuing_subword_prefix\":null,\""
  "end_of_word_suffix\":null,\"fuse_unk\":false,\"byte_fallback\":false,\"ignore_merges\":false,\"voc"
  "ab\":@0,\"merges\":@2}}"
  , {
    { "", "",
      "" },
    { "a", "0",
      "a" },
    { "abc", "31 2",
      "c" },
    { " abc abc", "31 2 31 2",
      "c c" },
    { "ab  abc\n\nab!!! a!", "31 31 2 31 46 20 47",
      "c !!!   a!" },
    { "123 1234 12.34", "42 20 43 20 41 14 44",
      "123   1234   12 . 34" },
    { "it's abc\303\251 e\314\201 \304\260B AB", "27 7 53 31 2 9 20 4 25 20 26 6 20 61",
      "i t 's c \303\251   e \314\201   \304\260 B   AB" },
    { "cabs, -ab- a  ", "2 31 8 15 20 18 31 18 48 51",
      "c s ,   - -  a   " },
    { "zz\344\270\255z ab", "64 64 28 64 31",
      "<unk> <unk> \344\270\255 <unk>" },
    { "<s>ab</s> abc<unk>", "62 31 64 64 8 64 31 2 64 64 64 64 64",
      "<unk> <unk> s <unk> c <unk> <unk> <unk> <unk> <unk>" },
    { "a\302\240ab \t ab", "0 31 31",
      "a" },
    { "  ab  ", "31 51",
      "  " },
  } },
  { "added, single word",
  "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[{\"single_word\":true,\"lst"
  "rip\":false,\"rstrip\":false,\"normalized\":false,\"special\":true,\"content\":\"ab\",\"id\":31},{\"sing"
  "le_word\":true,\"lstrip\":false,\"rstrip\":false,\"normalized\":false,\"special\":true,\"content\":\"s"
  "\",\"id\":8}],\"normalizer\":null,\"pre_tokenizer\":null,\"post_processor\":null,\"decoder\":null,\"mo"
  "del\":{\"type\":\"BPE\",\"dropout\":null,\"unk_token\":\"<unk>\",\"continuing_subword_prefix\":null,\"en"
  "d_of_word_suffix\":null,\"fuse_unk\":false,\"byte_fallback\":false,\"ignore_merges\":false,\"vocab"
  "\":@0,\"merges\":@2}}"
  , {
    { "", "",
      "" },
    { "a", "0",
      "a" },
    { "abc", "32",
      "abc" },
    { " abc abc", "20 32 20 32",
      "  abc   abc" },
    { "ab  abc\n\nab!!! a!", "31 51 32 21 21 31 46 20 47",
      "   abc \n \n !!!   a!" },
    { "123 1234 12.34", "42 20 43 20 41 14 44",
      "123   1234   12 . 34" },
    { "it's abc\303\251 e\314\201 \304\260B AB", "27 7 19 8 20 32 9 20 4 25 20 26 6 20 61",
      "i t '   abc \303\251   e \314\201   \304\260 B   AB" },
    { "cabs, -ab- a  ", "56 8 15 20 18 31 18 48 51",
      "cab ,   - -  a   " },
    { "zz\344\270\255z ab", "64 64 28 64 20 31",
      "<unk> <unk> \344\270\255 <unk>  " },
    { "<s>ab</s> abc<unk>", "64 8 64 31 64 64 8 64 20 32 64 64 64 64 64",
      "<unk> <unk> <unk> <unk> <unk>   abc <unk> <unk> <unk> <unk> <unk>" },
    { "a\302\240ab \t ab", "0 30 31 20 64 20 31",
      "a \302\240   <unk>  " },
    { "  ab  ", "51 31 51",
      "     " },
  } },
  { "added, longest",
  "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[{\"single_word\":false,\"ls"
  "trip\":false,\"rstrip\":false,\"normalized\":false,\"special\":true,\"content\":\"ab\",\"id\":31},{\"sin"
  "gle_word\":false,\"lstrip\":false,\"rstrip\":false,\"normalized\":false,\"special\":true,\"content\":"
  "\"abc\",\"id\":32},{\"single_word\":false,\"lstrip\":false,\"rstrip\":false,\"normalized\":false,\"spec"
  "ial\":true,\"content\":\"abc ab\",\"id\":70},{\"single_word\":false,\"lstrip\":false,\"rstrip\":false,\""
  "normalized\":false,\"special\":true,\"content\":\"bc<new>\",\"id\":71},{\"single_word\":false,\"lstrip"
  "\":false,\"rstrip\":false,\"normalized\":false,\"special\":true,\"content\":\"12.3\",\"id\":72}],\"norma"
  "lizer\":null,\"pre_tokenizer\":null,\"post_processor\":null,\"decoder\":null,\"model\":{\"type\":\"BPE"
  "\",\"dropout\":null,\"unk_token\":\"<unk>\",\"continuing_subword_prefix\":null,\"end_of_word_suffix\""
  ":null,\"fuse_unk\":false,\"byte_fallback\":false,\"ignore_merges\":false,\"vocab\":@0,\"merges\":@2}"
  "}"
  , {
    { "", "",
      "" },
    { "a", "0",
      "a" },
    { "abc", "32",
      "" },
    { " abc abc", "20 70 2",
      "  c" },
    { "ab  abc\n\nab!!! a!", "31 51 32 21 21 31 46 20 47",
      "   \n \n !!!   a!" },
    { "123 1234 12.34", "42 20 43 20 72 13",
      "123   1234   4" },
    { "it's abc\303\251 e\314\201 \304\260B AB", "27 7 53 20 32 9 20 4 25 20 26 6 20 61",
      "i t 's   \303\251   e \314\201   \304\260 B   AB" },
    { "cabs, -ab- a  ", "2 31 8 15 20 18 31 18 48 51",
      "c s ,   - -  a   " },
    { "zz\344\270\255z ab", "64 64 28 64 20 31",
      "<unk> <unk> \344\270\255 <unk>  " },
    { "<s>ab</s> abc<unk>", "64 8 64 31 64 64 8 64 20 32 64 64 64 64 64",
      "<unk> s <unk> <unk> <unk> s <unk>   <unk> <unk> <unk> <unk> <unk>" },
    { "a\302\240ab \t ab", "0 30 31 20 64 20 31",
      "a \302\240   <unk>  " },
    { "  ab  ", "51 31 51",
      "     " },
  } },
  { "added, not special",
  "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[{\"single_word\":false,\"ls"
  "trip\":false,\"rstrip\":false,\"normalized\":true,\"special\":false,\"content\":\"AB\",\"id\":61},{\"sin"
  "gle_word\":false,\"lstrip\":false,\"rstrip\":false,\"normalized\":false,\"special\":false,\"content\""
  ":\"\304\260\",\"id\":26}],\"normalizer\":{\"type\":\"Lowercase\"},\"pre_tokenizer\":null,\"post_processor\":nul"
  "l,\"decoder\":null,\"model\":{\"type\":\"BPE\",\"dropout\":null,\"unk_token\":\"<unk>\",\"continuing_subw"
  "ord_prefix\":null,\"end_of_word_suffix\":null,\"fuse_unk\":false,\"byte_fallback\":false,\"ignore_"
  "merges\":false,\"vocab\":@0,\"merges\":@2}}"
  , {
    { "", "",
      NULL },
    { "a", "0",
      NULL },
    { "abc", "61 2",
      NULL },
    { " abc abc", "20 61 2 20 61 2",
      NULL },
    { "ab  abc\n\nab!!! a!", "61 51 61 2 21 21 61 46 20 47",
      NULL },
    { "123 1234 12.34", "42 20 43 20 41 14 44",
      NULL },
    { "it's abc\303\251 e\314\201 \304\260B AB", "27 7 53 20 61 2 9 20 4 25 20 26 1 20 61",
      NULL },
    { "cabs, -ab- a  ", "2 61 8 15 20 18 61 18 48 51",
      NULL },
    { "zz\344\270\255z ab", "64 64 28 64 20 61",
      NULL },
    { "<s>ab</s> abc<unk>", "64 8 64 61 64 64 8 64 20 61 2 64 64 64 64 64",
      NULL },
    { "a\302\240ab \t ab", "0 30 61 20 64 20 61",
      NULL },
    { "  ab  ", "51 61 51",
      NULL },
  } },
  { "bert ends",
  "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[{\"single_word\":false,\"ls"
  "trip\":false,\"rstrip\":false,\"normalized\":false,\"special\":true,\"content\":\"<unk>\",\"id\":64},{\""
  "single_word\":false,\"lstrip\":false,\"rstrip\":false,\"normalized\":false,\"special\":true,\"conten"
  "t\":\"<s>\",\"id\":62},{\"single_word\":false,\"lstrip\":false,\"rstrip\":false,\"normalized\":false,\"s"
  "pecial\":true,\"content\":\"</s>\",\"id\":63}],\"normalizer\":null,\"pre_tokenizer\":null,\"post_proce"
  "ssor\":{\"type\":\"BertProcessing\",\"sep\":[\"</s>\",63],\"cls\":[\"<s>\",62]},\"decoder\":null,\"model\":"
  "{\"type\":\"BPE\",\"dropout\":null,\"unk_token\":null,\"continuing_subword_prefix\":null,\"end_of_wor"
  "d_suffix\":null,\"fuse_unk\":false,\"byte_fallback\":false,\"ignore_merges\":false,\"vocab\":@0,\"me"
  "rges\":@2}}"
  , {
    { "", "62 63",
      "" },
    { "a", "62 0 63",
      "a" },
    { "abc", "62 32 63",
      "abc" },
    { " abc abc", "62 20 32 20 32 63",
      "  abc   abc" },
    { "ab  abc\n\nab!!! a!", "62 31 51 32 21 21 31 46 20 47 63",
      "ab    abc \n \n ab !!!   a!" },
    { "123 1234 12.34", "62 42 20 43 20 41 14 44 63",
      "123   1234   12 . 34" },
    { "it's abc\303\251 e\314\201 \304\260B AB", "62 27 7 53 20 32 9 20 4 25 20 26 6 20 61 63",
      "i t 's   abc \303\251   e \314\201   \304\260 B   AB" },
    { "cabs, -ab- a  ", "62 56 8 15 20 66 18 48 51 63",
      "cab s ,   -ab -  a   " },
    { "zz\344\270\255z ab", "62 28 49 63",
      "\344\270\255  ab" },
    { "<s>ab</s> abc<unk>", "62 62 31 63 20 32 64 63",
      "ab   abc" },
    { "a\302\240ab \t ab", "62 0 30 31 20 49 63",
      "a \302\240 ab    ab" },
    { "  ab  ", "62 20 49 51 63",
      "   ab   " },
  } },
  { "processors",
  "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[],\"normalizer\":null,\"pre"
  "_tokenizer\":{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"trim_offsets\":true,\"use_regex\":t"
  "rue},\"post_processor\":{\"type\":\"Sequence\",\"processors\":[{\"type\":\"ByteLevel\",\"add_prefix_spa"
  "ce\":true,\"trim_offsets\":false,\"use_regex\":true},{\"type\":\"TemplateProcessing\",\"single\":[{\"S"
  "pecialToken\":{\"id\":\"<s>\",\"type_id\":0}},{\"Sequence\":{\"id\":\"A\",\"type_id\":0}},{\"SpecialToken\""
  ":{\"id\":\"</s>\",\"type_id\":0}}],\"pair\":[{\"Sequence\":{\"id\":\"A\",\"type_id\":0}},{\"Sequence\":{\"id\""
  ":\"B\",\"type_id\":0}}],\"special_tokens\":{\"<s>\":{\"id\":\"<s>\",\"ids\":[62],\"tokens\":[\"<s>\"]},\"</s>"
  "\":{\"id\":\"</s>\",\"ids\":[63],\"tokens\":[\"</s>\"]}}}]},\"decoder\":{\"type\":\"ByteLevel\",\"add_prefix"
  "_space\":false,\"trim_offsets\":true,\"use_regex\":true},\"model\":{\"type\":\"BPE\",\"dropout\":null,\""
  "unk_token\":null,\"continuing_subword_prefix\":null,\"end_of_word_suffix\":null,\"fuse_unk\":fals"
  "e,\"byte_fallback\":false,\"ignore_merges\":false,\"vocab\":@0,\"merges\":@2}}"
  , {
    { "", "62 63",
      "<s></s>" },
    { "a", "62 0 63",
      "<s>a</s>" },
    { "abc", "62 32 63",
      "<s>abc</s>" },
    { " abc abc", "62 23 32 23 32 63",
      "<s> abc abc</s>" },
    { "ab  abc\n\nab!!! a!", "62 31 23 23 32 24 24 31 46 38 16 63",
      "<s>ab  abc\n\nab!!! a!</s>" },
    { "123 1234 12.34", "62 42 23 43 59 14 44 63",
      "<s>123 1234 12.34</s>" },
    { "it's abc\303\251 e\314\201 \304\260B AB", "62 27 7 53 23 32 67 23 4 23 6 23 61 63",
      "<s>it's abc\303\251 e B AB</s>" },
    { "cabs, -ab- a  ", "62 56 8 15 23 18 31 18 38 60 63",
      "<s>cabs, -ab- a  </s>" },
    { "zz\344\270\255z ab", "62 23 31 63",
      "<s> ab</s>" },
    { "<s>ab</s> abc<unk>", "62 8 31 8 23 32 63",
      "<s>sabs abc</s>" },
    { "a\302\240ab \t ab", "62 0 31 23 23 31 63",
      "<s>aab  ab</s>" },
    { "  ab  ", "62 23 23 31 60 63",
      "<s>  ab  </s>" },
  } },
  { "strip decoder",
  "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[],\"normalizer\":null,\"pre"
  "_tokenizer\":null,\"post_processor\":null,\"decoder\":{\"type\":\"Sequence\",\"decoders\":[{\"type\":\"S"
  "trip\",\"content\":\"c\",\"start\":0,\"stop\":1},{\"type\":\"Replace\",\"pattern\":{\"Regex\":\"[bc]\"},\"cont"
  "ent\":\"-\"}]},\"model\":{\"type\":\"BPE\",\"dropout\":null,\"unk_token\":\"<unk>\",\"continuing_subword_p"
  "refix\":null,\"end_of_word_suffix\":null,\"fuse_unk\":false,\"byte_fallback\":false,\"ignore_merge"
  "s\":false,\"vocab\":@0,\"merges\":@2}}"
  , {
    { "", "",
      "" },
    { "a", "0",
      "a" },
    { "abc", "32",
      "a-" },
    { " abc abc", "20 32 20 32",
      " a- a-" },
    { "ab  abc\n\nab!!! a!", "31 51 32 21 21 31 46 20 47",
      "a-  a-\n\na-!!! a!" },
    { "123 1234 12.34", "42 20 43 20 41 14 44",
      "123 1234 12.34" },
    { "it's abc\303\251 e\314\201 \304\260B AB", "27 7 53 20 32 9 20 4 25 20 26 6 20 61",
      "it's a-\303\251 e\314\201 \304\260B AB" },
    { "cabs, -ab- a  ", "56 8 15 20 66 18 48 51",
      "-a-s, -a-- a  " },
    { "zz\344\270\255z ab", "64 64 28 64 49",
      "<unk><unk>\344\270\255<unk> a-" },
    { "<s>ab</s> abc<unk>", "64 8 64 31 64 64 8 64 20 32 64 64 64 64 64",
      "<unk>s<unk>a-<unk><unk>s<unk> a-<unk><unk><unk><unk><unk>" },
    { "a\302\240ab \t ab", "0 30 31 20 64 49",
      "a\302\240a- <unk> a-" },
    { "  ab  ", "20 49 51",
      "  a-  " },
  } },
  { "fallback decoder",
  "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[],\"normalizer\":null,\"pre"
  "_tokenizer\":null,\"post_processor\":null,\"decoder\":{\"type\":\"ByteFallback\"},\"model\":{\"type\":\""
  "BPE\",\"dropout\":null,\"unk_token\":\"<unk>\",\"continuing_subword_prefix\":null,\"end_of_word_suff"
  "ix\":null,\"fuse_unk\":false,\"byte_fallback\":true,\"ignore_merges\":false,\"vocab\":@1,\"merges\":@"
  "2}}"
  , {
    { "", "",
      "" },
    { "a", "0",
      "a" },
    { "abc", "32",
      "abc" },
    { " abc abc", "20 32 20 32",
      " abc abc" },
    { "ab  abc\n\nab!!! a!", "31 51 32 21 21 31 46 20 47",
      "ab  abc\n\nab!!! a!" },
    { "123 1234 12.34", "42 20 43 20 41 14 44",
      "123 1234 12.34" },
    { "it's abc\303\251 e\314\201 \304\260B AB", "27 7 53 20 32 9 20 4 25 20 26 6 20 61",
      "it's abc\303\251 e\314\201 \304\260B AB" },
    { "cabs, -ab- a  ", "56 8 15 20 66 18 48 51",
      "cabs, -ab- a  " },
    { "zz\344\270\255z ab", "192 192 28 192 49",
      "zz\344\270\255z ab" },
    { "<s>ab</s> abc<unk>", "130 8 132 31 130 117 8 132 20 32 130 187 180 177 132",
      "<s>ab</s> abc<unk>" },
    { "a\302\240ab \t ab", "0 30 31 20 79 49",
      "a\302\240ab \t ab" },
    { "  ab  ", "20 49 51",
      "  ab  " },
  } },
};
