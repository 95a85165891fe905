// The words of the page 'tokens'.
export default {
  ko: {
    name: '토큰',
    text: '토큰으로 나눌 글',
    text_hint: '글을 입력하면 토큰으로 어떻게 나뉘는지 보여 줍니다.',
    counts: '토큰 {tokens}개 · 글자 {characters}개 · {bytes}바이트',
    ids: 'ID만 보기',
  },
  en: {
    name: 'Tokens',
    text: 'Text to tokenize',
    text_hint: 'Type some text to see how it is split into tokens.',
    counts: '{tokens} tokens · {characters} characters · {bytes} bytes',
    ids: 'IDs only',
  },
}
