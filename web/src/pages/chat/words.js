// The words of the page 'chat'.
export default {
  ko: {
    name: '대화',
    message: '메시지',
    message_hint: '메시지를 입력하세요 (Shift + Enter: 줄바꿈)',
    send: '보내기',
    you: '나',
    new_chat: '새 대화',
    chat_empty: '대화용으로 튜닝되지 않은 모델은 엉뚱하게 답할 수 있습니다.',
    system: '시스템 프롬프트',
  },
  en: {
    name: 'Chat',
    message: 'Message',
    message_hint: 'Type a message (Shift + Enter for a new line)',
    send: 'Send',
    you: 'You',
    new_chat: 'New chat',
    chat_empty: 'A model that has not been tuned for chat may give odd answers.',
    system: 'System prompt',
  },
}
